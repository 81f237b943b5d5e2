import type { Server } from '@grpc/grpc-js';
import { LEGACY_NAMESPACE } from '../../runtime/state-dir/container-key';
import type { Logger } from '../../runtime/logger';
import type { EventPublisher } from '../../supervisor/events/event-publisher';
import type { ContainerRecord } from '../../records/container-record';
import { EventsService, eventsService } from './events/service';
import { ContentService, contentService } from './images/content';
import { DiffService, diffService } from './images/diff';
import type { ImagesFace } from './images/face';
import { ImagesService, imagesService } from './images/images';
import { SnapshotsService, snapshotsService } from './images/snapshots';
import { IntrospectionService, introspectionService } from './introspection';
import { ContainersService, containersService } from './records/containers';
import type { RecordsFace } from './records/face';
import { LeasesService, leasesService } from './records/leases';
import { NamespacesService, namespacesService } from './records/namespaces';
import type { TasksFace } from './tasks/face';
import { TasksService, tasksService } from './tasks/service';
import { VersionService, versionService } from './version';

/** What the face of the containerd API is given by the daemon. */
export interface ContainerdFace {
  readonly records: RecordsFace;
  readonly tasks: TasksFace;
  readonly images: ImagesFace;
  /** The legacy API's containers, as records of the namespace that they are in. */
  legacyContainers(): Promise<readonly ContainerRecord[]>;
}

/** What it has in common with the other faces. */
export interface ContainerdOptions {
  readonly publisher: EventPublisher;
  /** The daemon's own. */
  readonly version: string;
  readonly log: Logger;
}

/** Adds the services of the containerd API to a server. What is not served here is answered with UNIMPLEMENTED. */
export function addContainerdServices(server: Server, face: ContainerdFace, { publisher, version, log }: ContainerdOptions): void {
  const others = (namespace: string): Promise<readonly ContainerRecord[]> =>
    namespace === LEGACY_NAMESPACE ? face.legacyContainers() : Promise.resolve([]);
  server.addService(ContainersService, containersService(face.records, others, log));
  server.addService(TasksService, tasksService(face.tasks, log));
  server.addService(NamespacesService, namespacesService(face.records, async () => (await face.legacyContainers()).length > 0, log));
  server.addService(LeasesService, leasesService(face.records, log));
  const images = { ...face.records, ...face.images };
  server.addService(ContentService, contentService(images, log));
  server.addService(ImagesService, imagesService(images, log));
  server.addService(DiffService, diffService(images, log));
  server.addService(SnapshotsService, snapshotsService(images, log));
  server.addService(EventsService, eventsService(publisher, log));
  server.addService(VersionService, versionService(version, log));
  server.addService(IntrospectionService, introspectionService(() => face.records.records.uuid, log));
}
