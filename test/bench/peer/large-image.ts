import { randomInt } from 'node:crypto';
import { type MadeImage, type TarMember, imageOf } from '../../support/image-archive';

const layerCount = 10;
const filesInLayer = 1000;
const filesInDirectory = 25;
const fileBytes = 20_000;
const vocabulary = Array.from({ length: 4096 }, () => randomInt(2 ** 40).toString(36));

/** 200 MB in ten layers of a thousand files, which pack to a third or so, as programs and their documents do. */
export function largeImage(name: string): MadeImage {
  return imageOf(name, Array.from({ length: layerCount }, (_, at) => layerOf(at)), { Cmd: ['/bin/true'] });
}

function layerOf(layer: number): readonly TarMember[] {
  const text = Buffer.from(Array.from({ length: 250_000 }, () => vocabulary[randomInt(vocabulary.length)]).join(' '), 'latin1');
  const members: TarMember[] = [{ name: 'usr', directory: true }];
  for (let file = 0; file < filesInLayer; file += 1) {
    const directory = `usr/layer-${String(layer)}-${String(Math.floor(file / filesInDirectory))}`;
    if (file % filesInDirectory === 0) members.push({ name: directory, directory: true });
    const from = randomInt(text.length - fileBytes);
    members.push({ name: `${directory}/file-${String(file)}`, bytes: text.subarray(from, from + fileBytes) });
  }
  return members;
}
