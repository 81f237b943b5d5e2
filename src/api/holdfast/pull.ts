import type { Descriptor } from '../../images/descriptor';
import type { Library, PullWatcher } from '../../images/library/library';
import { type Credentials, NOBODY } from '../../images/registry/login';
import type { LayerProgress, PullRequest, PullResponse, RegistryLogin } from '../gen/holdfast/v1/images';
import type { Send, StreamVerb } from '../call';
import { imageMessage } from './image-message';

/** Pull: an image of its registry, and how far that is. */
export function pull(library: Library): StreamVerb<PullRequest, PullResponse> {
  return async ({ name, login }, { cancel }, send) => {
    const teller = new PullTeller(send);
    try {
      const { isSame, ...image } = await library.pull(name, credentialsOf(login), teller, cancel);
      send({ progress: undefined, pulled: { image: imageMessage(image), is_same: isSame } });
    } finally {
      teller.close();
    }
  };
}

function credentialsOf(login: RegistryLogin | undefined): Credentials {
  if (login === undefined) return NOBODY;
  return { username: login.username, password: login.password, identityToken: login.identity_token, registryToken: login.registry_token };
}

/** What has come is told so often. Milliseconds. */
const tellEveryMs = 100;

/** Tells how far it is, no more often than somebody looks, and no faster than the client reads. */
class PullTeller implements PullWatcher {
  readonly #news = new Map<number, LayerProgress>();
  #layers = 0;
  #unpacking = 0;
  #toldAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #hasRoom = true;

  constructor(private readonly send: Send<PullResponse>) {}

  fetched(layer: number, layers: number, { digest, size }: Descriptor, bytes: number): void {
    this.#layers = layers;
    this.#news.set(layer, { layer, digest, bytes: BigInt(bytes), size_bytes: BigInt(size) });
    // What comes meanwhile is told with it.
    this.#timer ??= setTimeout(() => { this.#tell(); }, Math.max(0, this.#toldAtMs + tellEveryMs - performance.now())).unref();
  }

  unpacking(layer: number, layers: number): void {
    this.#layers = layers;
    this.#unpacking = layer;
    this.#tell();
  }

  /** May be called twice. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** With all that is new. */
  #tell(): void {
    this.close();
    if (!this.#hasRoom) return;
    this.#toldAtMs = performance.now();
    this.send({ progress: { fetched: [...this.#news.values()], unpacking: this.#unpacking, layers: this.#layers }, pulled: undefined });
    this.#news.clear();
    this.#hasRoom = false;
    void this.send.untilRoom().then(() => { this.#hasRoom = true; });
  }
}
