import { closeSync, readFileSync } from 'node:fs';
import { factsOf } from '../../../sys/files/cached-name';
import { type ByteText, type HeldNames, RootedDirectory, byBytes } from '../../../sys/files/rooted-directory';
import { errorCodeOf } from '../../../sys/thrown';
import type { Mount } from '../../mount';
import type { NewEntry } from '../../tar/writer';
import type { LayerRequest } from '../process/request';
import { isBind, isInUserNamespace, lowerOf, openShown, optionOf } from '../process/target';
import { LayerArchive } from './archive';
import { S_IFCHR, S_IFDIR, type Seen, isKind, isSame } from './same';

type CompareRequest = Extract<LayerRequest, { readonly verb: 'compare' }>;

const OPAQUE = 'trusted.overlay.opaque';

/**
 * Writes what `right` has other than `left` as a layer: names in the order of their bytes, the directories that lead to what has changed, and what is gone
 * (OCI image specification, layer.md). Where `right` is an overlay on just what `left` shows, only its upper directory is looked through. @throws SysError
 */
export async function compareTrees(request: CompareRequest, fd: number): Promise<{ readonly digest: string; readonly size: number }> {
  const { left, right, packing, epochSeconds, places } = request;
  const upper = upperAlone(left, right);
  const lower = openShown(left, places[0], 'reading');
  const shown = upper === undefined ? openShown(right, places[1], 'reading') : RootedDirectory.open(upper);
  const archive = new LayerArchive(fd, packing, epochSeconds);
  try {
    const [a, b] = [lower.openDirectory(''), shown.openDirectory('')];
    const root: Place = { path: '', isWritten: true, entry: undefined, above: undefined };
    await new Comparison(archive).directories(a, b, root, upper !== undefined);
    return await archive.finish();
  } finally {
    lower.close();
    shown.close();
  }
}

/** A directory on the way, which is written before the first that changed in it. */
interface Place {
  readonly path: ByteText;
  isWritten: boolean;
  readonly entry: NewEntry | undefined;
  readonly above: Place | undefined;
}

class Comparison {
  readonly #places = new Map<ByteText, Place>();

  constructor(private readonly archive: LayerArchive) {}

  /** @param isUpper `right` holds changes alone, in overlayfs' own form. Closes both directories */
  async directories(left: HeldNames | undefined, right: HeldNames, place: Place, isUpper: boolean): Promise<void> {
    this.#places.set(place.path, place);
    try {
      const before = new Set(left?.names());
      const after = new Set(right.names());
      for (const name of [...new Set([...before, ...after])].sort(byBytes)) {
        const old = left !== undefined && before.has(name) ? seeIn(left, name) : undefined;
        const now = after.has(name) ? seeIn(right, name) : undefined;
        try {
          await this.#name(old, now, name, place, isUpper);
        } finally {
          for (const seen of [old, now]) if (seen !== undefined) closeSync(seen.facts.fd);
        }
      }
    } finally {
      left?.close();
      right.close();
    }
  }

  async #name(old: Seen | undefined, now: Seen | undefined, name: ByteText, place: Place, isUpper: boolean): Promise<void> {
    const isSign = now !== undefined && isUpper && isKind(now, S_IFCHR) && now.facts.deviceNumber === '0:0';
    if (now === undefined || isSign) {
      // In an upper directory what is not there has not changed.
      if (old === undefined || (isUpper && !isSign)) return;
      await this.#lead(place);
      await this.archive.gone(place.path, name);
      return;
    }
    const path = place.path === '' ? name : `${place.path}/${name}`;
    const hasChanged = old === undefined || !isSame(old, now);
    if (hasChanged) await this.#add(path, now, place);
    else if ((await this.archive.unchanged(path, now)) === 'linked') await this.#add(path, now, place);
    if (!isKind(now, S_IFDIR)) return;
    const inner: Place = { path, isWritten: hasChanged, entry: this.archive.directoryEntry(path, now), above: place };
    const below = old !== undefined && isKind(old, S_IFDIR) ? old.directory.enter(name) : undefined;
    // Below it nothing of before shows through.
    const isWhole = isUpper && now.directory.attribute(name, OPAQUE)?.toString() === 'y';
    await this.directories(below, now.directory.enter(name), inner, isUpper && !isWhole && below !== undefined);
  }

  async #add(path: ByteText, seen: Seen, place: Place): Promise<void> {
    await this.#lead(place);
    for (const other of await this.archive.add(path, seen)) {
      await this.#lead(this.#places.get(other.slice(0, Math.max(0, other.lastIndexOf('/')))));
      await this.archive.link(other, seen, path);
    }
  }

  async #lead(place: Place | undefined): Promise<void> {
    if (place === undefined || place.isWritten) return;
    await this.#lead(place.above);
    place.isWritten = true;
    if (place.entry !== undefined) await this.archive.write(place.entry);
  }
}

/** To be closed; a name that is gone meanwhile is not there. */
function seeIn(directory: HeldNames, name: ByteText): Seen | undefined {
  let fd: number;
  try {
    fd = directory.open(name);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return { directory, name, facts: factsOf(fd) };
}

/** The upper directory of `right`, where that is an overlay on just what `left` shows, and has all of each file that is in it. */
function upperAlone(left: readonly Mount[], right: readonly Mount[]): string | undefined {
  const [below] = left;
  const [above] = right;
  if (below === undefined || above?.type !== 'overlay' || left.length !== 1 || right.length !== 1 || isInUserNamespace()) return undefined;
  const shownBelow = isBind(below) ? [below.source] : optionOf(below, 'upperdir') === undefined ? lowerOf(below) : [];
  if (shownBelow.join('\0') !== lowerOf(above).join('\0')) return undefined;
  // Then a file in it may have its name, or its content, elsewhere.
  if (['redirect_dir', 'metacopy'].some((name) => overlayParameter(name) !== 'N')) return undefined;
  return optionOf(above, 'upperdir');
}

function overlayParameter(name: string): string {
  try {
    return readFileSync(`/sys/module/overlay/parameters/${name}`, 'latin1').trim();
  } catch {
    return 'N';
  }
}
