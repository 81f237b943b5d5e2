import type { Descriptor as DescriptorMessage } from '../../gen/containerd/types/descriptor';
import type { Descriptor } from '../../../images/descriptor';

export function descriptorOf({ media_type: mediaType, digest, size, annotations }: DescriptorMessage): Descriptor {
  return { mediaType, digest, size: Number(size), annotations };
}

export function descriptorMessage({ mediaType, digest, size, annotations }: Descriptor): DescriptorMessage {
  return { media_type: mediaType, digest, size: BigInt(size), annotations: new Map(annotations) };
}
