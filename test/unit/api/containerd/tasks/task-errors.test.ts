import { taskError } from '../../../../../src/api/containerd/tasks/task-errors';
import { RuntimeError } from '../../../../../src/runtime/errors';

describe('a runtime that is not there', () => {
  const attempt = { id: 'box', runtimeVerb: 'create', prefix: 'failed to create shim task: ' };

  // By these words dockerd makes the exit code 127 of it.
  test.each([
    ['nonesuch', 'exec: "nonesuch": executable file not found in $PATH'],
    ['/nonexistent/runtime', 'fork/exec /nonexistent/runtime: no such file or directory'],
  ])('%s', (name, words) => {
    const error = taskError(new RuntimeError('runtime-not-installed', `${name} not installed on system`), attempt);
    expect(String(error)).toContain(`failed to create shim task: OCI runtime create failed: ${words}`);
  });
});
