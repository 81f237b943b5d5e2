import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { describeOnHost, realContainers } from '../../support/requires';
import { TaskHost } from '../../support/task-host';
import { TestHost } from '../../support/test-host';

describeOnHost('CloseIO before the exec runs', realContainers, () => {
  test("is done once it runs: its input ends with the client's", async () => {
    const host = await TestHost.withDaemon();
    try {
      const tasks = new TaskHost(host);
      await tasks.create('box', { args: ['sleep', '1000'] });
      await tasks.start('box');
      const stdio = host.stdio('cat');
      await tasks.exec('box', 'cat', ['cat'], stdio.paths);
      // As ctr, whose input may have ended before its start is answered.
      await tasks.ask(TasksService.closeIo, { container_id: 'box', exec_id: 'cat', stdin: true });
      await tasks.start('box', 'cat');
      await stdio.stdin.write('in\n');
      stdio.stdin.close();
      expect(await tasks.wait('box', 'cat')).toMatchObject({ exit_status: 0 });
      await tasks.end('box');
    } finally {
      await host.cleanUp();
    }
  });
});
