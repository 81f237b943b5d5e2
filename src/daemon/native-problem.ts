import { errorCodeOf, messageOf } from '../sys/thrown';

/** For who has another Node than the one that the native packages were built for, or lacks one of them: what to do. Undefined for any other error. */
export function nativeProblem(error: unknown): string | undefined {
  const code = errorCodeOf(error);
  if (code !== 'ERR_DLOPEN_FAILED' && code !== 'MODULE_NOT_FOUND') return undefined;
  // What follows is where it was looked for.
  const [what = ''] = messageOf(error).split('\n');
  return `a native package cannot be loaded by Node ${process.version}: ${what}\n  npm rebuild makes it for this Node; the packaged holdfastd brings its own`;
}
