import type { Library } from '../../images/library/library';
import { type Credentials, NOBODY } from '../../images/registry/login';
import type { StreamVerb } from '../call';
import type { PullRequest, PullResponse, PushRequest, PushResponse, RegistryLogin } from '../gen/holdfast/v1/images';
import { imageMessage } from './image-message';
import { LayerTeller } from './layer-teller';

/** Pull: an image of its registry, and how far that is. */
export function pull(library: Library): StreamVerb<PullRequest, PullResponse> {
  return async ({ name, login }, { cancel }, send) => {
    const teller = new LayerTeller(({ progress: fetched, unpacking, layers }) => { send({ progress: { fetched, unpacking, layers }, pulled: undefined }); }, () => send.untilRoom());
    try {
      const { isSame, ...image } = await library.pull(name, credentialsOf(login), { fetched: teller.moved.bind(teller), unpacking: teller.unpacking.bind(teller) }, cancel);
      send({ progress: undefined, pulled: { image: imageMessage(image), is_same: isSame } });
    } finally {
      teller.close();
    }
  };
}

/** Push: an image to a registry, and how far that is. */
export function push(library: Library): StreamVerb<PushRequest, PushResponse> {
  return async ({ name, to, login }, { cancel }, send) => {
    const teller = new LayerTeller(({ progress: sent, layers }) => { send({ progress: { sent, layers }, pushed: undefined }); }, () => send.untilRoom());
    try {
      const { name: there, digest, isSame, isPart } = await library.push(name, to, credentialsOf(login), teller.moved.bind(teller), cancel);
      send({ progress: undefined, pushed: { name: there, digest, is_same: isSame, is_part: isPart } });
    } finally {
      teller.close();
    }
  };
}

function credentialsOf(login: RegistryLogin | undefined): Credentials {
  if (login === undefined) return NOBODY;
  return { username: login.username, password: login.password, identityToken: login.identity_token, registryToken: login.registry_token };
}
