import { unspeaking } from './daemon-error';
import { CtlError, isCtlError } from '../errors';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

/** The first whose daemon speaks holdfast.v1: what a verb came with that says nothing else. */
const FIRST_VERSION = '0.2.0';

/** What a verb has failed with; of a call that the daemon does not know: whether that is an older Holdfast, or none. */
export async function explainUnknownCall(error: unknown, tool: Tool, verb: Verb | undefined): Promise<never> {
  if (!isCtlError(error, 'unimplemented')) throw error;
  const daemon = await tool.connect();
  let version: string;
  try {
    ({ version } = await daemon.version());
  } catch (cause) {
    throw isCtlError(cause, 'unimplemented') ? unspeaking(tool.address().target, error) : cause;
  }
  const name = verb?.name() ?? 'that';
  throw new CtlError('unimplemented', `the daemon (${version}) does not know "${name}"; it came with ${verb?.meta?.since ?? FIRST_VERSION}`, {
    hint: 'Restart it as the newer version: its programs run on meanwhile.',
    cause: error,
  });
}
