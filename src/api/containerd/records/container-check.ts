import type { Container } from '../../gen/containerd/services/containers/v1/containers';
import { classError } from '../errors';
import { identifierProblem } from '../namespace';
import { checkLabels } from '../../../records/labels';
import { inRecordWords } from './record-errors';

const onCreation = 'create container failed validation: ';
const onUpdate = 'update failed validation: ';

/** What a new container must have, in the order that clients know. @throws FaceError */
export function checkNewContainer(container: Container): void {
  check(container, onCreation);
}

/** What must still be so after an update. @throws FaceError */
export function checkUpdatedContainer(container: Container): void {
  check(container, onUpdate);
}

function check(container: Container, prefix: string): void {
  const refuse = (text: string): never => {
    throw classError('invalid-argument', prefix + text);
  };
  const problem = identifierProblem(container.id);
  if (problem !== undefined) refuse(`container.ID: ${problem}`);
  if (container.extensions.has('')) refuse('container.Extension keys must not be zero-length');
  inRecordWords(() => { checkLabels('containers.Labels', container.labels); }, prefix);
  if ((container.runtime?.name ?? '') === '') refuse('container.Runtime.Name must be set');
  if (container.spec === undefined) refuse('container.Spec must be set');
  if (container.snapshot_key !== '' && container.snapshotter === '') refuse('container.Snapshotter must be set if container.SnapshotKey is set');
}
