import type { PullProgress, PulledImage, PushedImage, RegistryLogin } from '../../api/gen/holdfast/v1/images';
import { type ImageName, imageNameOf } from '../../runtime/text/image-name';
import type { MessageStream } from '../daemon/message-stream';
import { CtlError, isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import type { Tool } from '../tool';
import { dockerLogin } from './docker-login';
import { LayerBoard } from './layer-board';

/** Has the daemon pull it, with what docker has kept of a login for its registry, and shows how far that is. Ctrl-C ends it. @throws CtlError `interrupted`, `refused`, … */
export async function pullImage(tool: Tool, text: string): Promise<PulledImage> {
  const name = nameOf(text);
  const { images } = await tool.connect();
  const ask = (login: RegistryLogin | undefined) => images.pull(name.full, login);
  return transfer(tool, name, ask, ({ progress, pulled }) => ({ progress, last: pulled }), `${name.short} is not pulled any further (what has come is kept for a day: pulling it again goes on there)`);
}

/** The same for a push. @param to empty: its own name */
export async function pushImage(tool: Tool, text: string, to: string): Promise<PushedImage> {
  const name = nameOf(to === '' ? text : to);
  const { images } = await tool.connect();
  const ask = (login: RegistryLogin | undefined) => images.push(text, to === '' ? '' : name.full, login);
  return transfer(tool, name, ask, ({ progress, pushed }) => ({ progress: progress && { fetched: progress.sent, unpacking: 0, layers: progress.layers }, last: pushed }), `${name.short} is not pushed any further (layers that are there are not sent again)`);
}

function nameOf(text: string): ImageName {
  const name = imageNameOf(text);
  if (name === undefined) throw new CtlError('invalid-argument', `${JSON.stringify(text)} is not a name of an image`);
  return name;
}

/** @param ended what is said after Ctrl-C */
async function transfer<Answer, Last>(
  { io }: Tool, { host, short }: ImageName, ask: (login: RegistryLogin | undefined) => MessageStream<Answer>, read: (answer: Answer) => { readonly progress: PullProgress | undefined; readonly last: Last | undefined }, ended: string,
): Promise<Last> {
  const login = await dockerLogin(host, io.env);
  const answers = ask(login);
  const board = new LayerBoard(io.stderr, short);
  const stop = io.onSignal('SIGINT', () => { answers.close(); });
  let found: Last | undefined;
  try {
    for await (const answer of answers) {
      const { progress, last } = read(answer);
      if (progress !== undefined) board.show(progress);
      found ??= last;
    }
  } catch (error) {
    throw isCtlError(error, 'refused') && login === undefined && /without a login/.test(error.message) ? new CtlError('refused', error.message, { hint: `docker login ${host}  keeps one that is taken from there.`, cause: error }) : error;
  } finally {
    stop();
    board.erase();
  }
  if (found === undefined) throw new CtlError('interrupted', `interrupted; ${ended}`, { exitStatus: exitStatus.interrupted, isOfProgram: true });
  return found;
}
