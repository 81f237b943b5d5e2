/** As the programs' own first lines have it, see build.mjs. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=1', '--invocation-count-for-maglev=100', '--minimum-invocations-after-ic-update=100', '--no-memory-reducer'];

/**
 * What `holdfast-shim` is run by, in whichever of its modes: a program and its first arguments.
 * @param program its path
 */
export function shimCommand(program: string): readonly [string, ...string[]] {
  return [process.execPath, ...NODE_FLAGS, program];
}
