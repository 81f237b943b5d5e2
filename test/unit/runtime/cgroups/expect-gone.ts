import { RuntimeError } from '../../../../src/runtime/errors';

/** Expects the error that says: the cgroup, or the process, is no longer there. */
export function expectGone(act: () => unknown): void {
  const codeOf = () => {
    try {
      act();
      return 'nothing thrown';
    } catch (error) {
      return error instanceof RuntimeError ? error.code : error;
    }
  };
  expect(codeOf()).toBe('gone');
}
