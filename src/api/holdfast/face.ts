import type { Server } from '@grpc/grpc-js';
import type { Library } from '../../images/library/library';
import type { ProgramParts } from '../../programs/parts';
import type { Logger } from '../../runtime/logger';
import type { EventPublisher } from '../../supervisor/events/event-publisher';
import { type StreamVerb, type Verb, serverStream, unary } from '../call';
import { type ContainersServer, ContainersService } from '../gen/holdfast/v1/containers';
import { DaemonService } from '../gen/holdfast/v1/daemon';
import { DefinitionsService } from '../gen/holdfast/v1/definitions';
import { type EventsServer, EventsService } from '../gen/holdfast/v1/events';
import { ImagesService } from '../gen/holdfast/v1/images';
import { type OutputServer, OutputService } from '../gen/holdfast/v1/output';
import { EventStream } from './events';
import { Attachment } from './attach';
import { definitionsService } from './definitions/service';
import { clear } from './clear';
import { closeInput, exec, resizeTerminal } from './exec';
import { history } from './history';
import { imagesService } from './images';
import { list } from './list';
import { logs } from './logs';
import { pauseOrResume } from './pause';
import { prune, remove } from './remove';
import { signal } from './signal';
import { start } from './start';
import { stats } from './stats';
import { statusOf } from './status';
import { restart, stop } from './stop';
import { updateLimits } from './update-limits';
import { callsOf, version } from './version';
import { wait } from './wait';

/** What our own API is given by the daemon. */
export interface HoldfastFace {
  readonly programs: ProgramParts;
  readonly library: Library;
}

/** What it has in common with the other faces. */
export interface HoldfastOptions {
  readonly publisher: EventPublisher;
  /** The daemon's own. */
  readonly version: string;
  readonly log: Logger;
  /** Somebody asks that another daemon take this one's place. */
  readonly onRestart: () => void;
}

/** Adds the services of `holdfast.v1` to a server: proto/holdfast/v1. What is not served here is answered with UNIMPLEMENTED. */
export function addHoldfastServices(server: Server, { programs: face, library }: HoldfastFace, { publisher, version: own, log, onRestart }: HoldfastOptions): void {
  const calls = callsOf([ContainersService, DaemonService, DefinitionsService, EventsService, ImagesService, OutputService]);
  server.addService(DaemonService, {
    version: unary({ name: 'holdfast/Version', log, changes: false, statusOf }, version(own, calls)),
    restart: unary({ name: 'holdfast/Restart', log, changes: true, statusOf }, () => {
      onRestart();
      return {};
    }),
  });
  server.addService(ContainersService, containersService(face, library, log));
  server.addService(DefinitionsService, definitionsService(face, log, statusOf));
  server.addService(ImagesService, imagesService(library, log, statusOf));
  const events: EventsServer = {
    follow: (stream) => { EventStream.serve(stream, publisher); },
    history: unary({ name: 'holdfast/History', log, changes: false, statusOf }, history(face)),
  };
  server.addService(EventsService, events);
  const output: OutputServer = {
    logs: serverStream({ name: 'holdfast/Logs', log, changes: false, statusOf }, logs(face)),
    clear: unary({ name: 'holdfast/Clear', log, changes: true, statusOf }, clear(face)),
    attach: (stream) => { Attachment.serve(face, library, stream); },
  };
  server.addService(OutputService, output);
}

function containersService(face: ProgramParts, library: Library, log: Logger): ContainersServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `holdfast/${name}`, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `holdfast/${name}`, log, changes: true, statusOf }, verb);
  const streams = <Request extends object, Message>(name: string, doesChange: boolean, verb: StreamVerb<Request, Message>) =>
    serverStream({ name: `holdfast/${name}`, log, changes: doesChange, statusOf }, verb);
  return {
    list: reads('List', list(face)),
    start: streams('Start', true, start(face, library)),
    stop: streams('Stop', true, stop(face)),
    restart: streams('Restart', true, restart(face)),
    signal: changes('Signal', signal(face)),
    pause: changes('Pause', pauseOrResume(face, 'pause')),
    resume: changes('Resume', pauseOrResume(face, 'resume')),
    updateLimits: changes('UpdateLimits', updateLimits(face)),
    remove: changes('Remove', remove(face)),
    prune: changes('Prune', prune(face)),
    wait: reads('Wait', wait(face)),
    exec: changes('Exec', exec(face)),
    resizeTerminal: reads('ResizeTerminal', resizeTerminal(face)),
    closeInput: changes('CloseInput', closeInput(face)),
    stats: streams('Stats', false, stats(face)),
  };
}
