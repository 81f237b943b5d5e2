import { type Container, ListRequest, ListResponse, State } from '../api/gen/holdfast/v1/containers';
import { ListImagesRequest, ListImagesResponse } from '../api/gen/holdfast/v1/images';
import { DEFAULT_ADDRESS, parseAddress } from './daemon/address';
import type { Method } from './grpc/call';
import { Channel } from './grpc/channel';
import { shortName } from './json/image';
import { isProgram } from './names';
import { isDown } from './text/status-line';

// Those of the generated services would bring what all other calls need.
const list: Method<ListRequest, ListResponse> = {
  path: '/holdfast.v1.Containers/List',
  requestSerialize: (request) => Buffer.from(ListRequest.encode(request).finish()),
  responseDeserialize: (bytes) => ListResponse.decode(bytes),
};
const listImages: Method<ListImagesRequest, ListImagesResponse> = {
  path: '/holdfast.v1.Images/List',
  requestSerialize: (request) => Buffer.from(ListImagesRequest.encode(request).finish()),
  responseDeserialize: (bytes) => ListImagesResponse.decode(bytes),
};

/** Which of those that a verb may be about are offered. */
const isOffered: Readonly<Record<string, (container: Container) => boolean>> = {
  running: ({ state }) => !isDown(state),
  stopped: (container) => container.state !== State.RUNNING && isProgram(container),
};

/**
 * Names for a completion: `[--address SOCKET] __names [--state running|stopped|any | --images]`. For the scripts that `completion` prints, and in no help.
 * @throws where they cannot be had
 */
export async function namesFor(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const valueOf = (...flags: readonly string[]): string | undefined => args[args.findIndex((arg) => flags.includes(arg)) + 1 || args.length];
  const channel = new Channel(parseAddress(valueOf('-s', '--address') ?? env['HOLDFAST_ADDRESS'] ?? DEFAULT_ADDRESS).path);
  if (args.includes('--images')) return (await channel.unary(listImages, { names: [] })).images.map(({ name }) => shortName(name));
  const { containers } = await channel.unary(list, { names: [], all_namespaces: false, brief: true });
  return containers.filter(isOffered[valueOf('--state') ?? 'any'] ?? (() => true)).map(({ name }) => name);
}
