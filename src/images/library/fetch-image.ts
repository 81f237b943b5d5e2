import PQueue from 'p-queue';
import type { ImageName } from '../../runtime/text/image-name';
import type { Turns } from '../../sys/turns';
import type { Descriptor } from '../descriptor';
import type { Credentials } from '../registry/login';
import type { Registries } from '../registry/registries';
import { addSource, blobSourceOf, labelsOf } from './blob-source';
import { imageTreeOf } from './image-tree';
import type { KeptContent } from './kept-content';
import { RegistryIntake } from './registry-intake';
import { Together } from './together';

export interface FetchParts {
  readonly registries: Registries;
  readonly turns: Turns;
}

export interface FetchWishes {
  readonly name: ImageName;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  /** How much of a layer is here by now, from 1 on, of how many. */
  readonly onBytes: (layer: number, layers: number, descriptor: Descriptor, bytes: number) => void;
}

/** As docker has it: more connections are not faster, and registries count them. */
const layersAtOnce = 3;

/** What is done with an image while it comes. @param untilHere resolves when that layer is here, from 0 on; rejects where it does not come @param signal of a fetch that has failed, too */
export type Meanwhile = (target: Descriptor, untilHere: (layer: number) => Promise<unknown>, signal: AbortSignal) => Promise<void>;

/**
 * Fetches what is not here yet of an image, and has its layers worked on as they come. @returns what its name stands for
 * @throws ImagesError, what `meanwhile` throws: nothing of it is under way any more
 */
export async function fetchImage({ registries, turns }: FetchParts, content: KeptContent, { name, credentials, signal, onBytes }: FetchWishes, meanwhile: Meanwhile): Promise<Descriptor> {
  const source = blobSourceOf(name);
  const together = new Together(signal);
  const { repository, firstPauseMs, close } = registries.open(name, credentials, together.signal);
  try {
    const intake = new RegistryIntake({ content, repository, labels: labelsOf(source), turns, firstPauseMs, signal: together.signal });
    const target = await intake.target(name.tag, name.digest);
    const { manifests, config, layers } = await imageTreeOf(intake, target);
    const queue = new PQueue({ concurrency: layersAtOnce });
    for (const [at, layer] of layers.entries()) onBytes(at + 1, layers.length, layer, (await content.isWhole(layer.digest)) ? layer.size : 0);
    const fetched = layers.map((layer, at) => queue.add(() => intake.layer(layer, (bytes) => { onBytes(at + 1, layers.length, layer, bytes); })));
    await together.all([...fetched, meanwhile(target, async (layer) => fetched[layer], together.signal)]);
    await addSource(content, [...manifests, config, ...layers].map(({ digest }) => digest), source);
    return target;
  } finally {
    together.close();
    close();
  }
}
