import type { PulledImage } from '../../api/gen/holdfast/v1/images';
import { imageNameOf } from '../../runtime/text/image-name';
import { CtlError, isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import type { Tool } from '../tool';
import { dockerLogin } from './docker-login';
import { LayerBoard } from './layer-board';

/** Has the daemon pull it, with what docker has kept of a login for its registry, and shows how far that is. Ctrl-C ends it. @throws CtlError `interrupted`, `refused`, … */
export async function pullImage(tool: Tool, text: string): Promise<PulledImage> {
  const name = imageNameOf(text);
  if (name === undefined) throw new CtlError('invalid-argument', `${JSON.stringify(text)} is not a name of an image`);
  const login = await dockerLogin(name.host, tool.io.env);
  const answers = (await tool.connect()).images.pull(name.full, login);
  const board = new LayerBoard(tool.io.stderr, name.short);
  const stop = tool.io.onSignal('SIGINT', () => { answers.close(); });
  let pulled: PulledImage | undefined;
  try {
    for await (const answer of answers) {
      if (answer.progress !== undefined) board.show(answer.progress);
      pulled ??= answer.pulled;
    }
  } catch (error) {
    throw isCtlError(error, 'refused') && login === undefined && /without a login/.test(error.message) ? new CtlError('refused', error.message, { hint: `docker login ${name.host}  keeps one that is taken from there.`, cause: error }) : error;
  } finally {
    stop();
    board.erase();
  }
  if (pulled === undefined) {
    throw new CtlError('interrupted', `interrupted; ${name.short} is not pulled any further (what has come is kept for a day: pulling it again goes on there)`, { exitStatus: exitStatus.interrupted, isOfProgram: true });
  }
  return pulled;
}
