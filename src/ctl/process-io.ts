import type { Io } from './tool';

/** The terminal, the environment and the signals of this process. */
export function processIo(): Io {
  return {
    // A getter: merely touching process.stdin opens it and switches a pipe to non-blocking mode.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onSignal(name, listener) {
      process.on(name, listener);
      return () => {
        process.off(name, listener);
      };
    },
  };
}
