import { constants } from 'node:os';
import { INIT } from '../runtime/state-dir/layout';
import { type ContainerKey, nameOf } from '../runtime/state-dir/container-key';
import { secondsSinceBoot } from '../sys/boot';
import { deleteAtEnd } from './exec';
import { findProgramIfThere, listPrograms } from './list';
import { PROGRAMS_NAMESPACE, programKey } from './name';
import { OutputHolds } from './output-holds';
import { OutputReaders } from './output-readers';
import type { ProgramParts } from './parts';
import { type Program, isUp } from './program';
import { forget } from './remove';
import { RunKeeper } from './run-keeper';
import { endBy } from './stop';
import { Turns } from '../sys/turns';

/** Told of a run whose end nobody has seen. */
const unknownStatus = 255;

/** Programs by name: what is remembered, brought together with what runs. */
export class Programs {
  readonly parts: ProgramParts;
  readonly #keeper: RunKeeper;

  constructor(given: Omit<ProgramParts, 'turns' | 'stops' | 'outputReaders' | 'outputHolds' | 'managed' | 'definitionFiles'>) {
    this.parts = { ...given, turns: new Turns(), outputReaders: new OutputReaders(), outputHolds: new OutputHolds(given.output.holdsDir), stops: new Map<ContainerKey, bigint>(), managed: undefined, definitionFiles: undefined };
    this.#keeper = new RunKeeper(this.parts, (name) => { this.#forgetIfTransient(name); });
  }

  /** To be called once the core has restored what runs: writes down what has ended meanwhile, and goes on with stops that were under way. */
  async begin(): Promise<void> {
    this.parts.outputHolds.begin();
    if (this.parts.mayWrite()) this.#keeper.begin();
    // What the log has told of them meanwhile comes first.
    await this.parts.definitions.settled();
    const programs = (await listPrograms(this.parts, false)).filter(({ key }) => nameOf(key).namespace === PROGRAMS_NAMESPACE);
    this.#removeRootsOfNobody();
    for (const program of programs) {
      // Of one that has just ended, and is there still, the log will tell.
      if (program.record?.isUp === true && program.view === undefined) this.#keep(program, this.#endUnseen(program));
      this.#goOnStopping(program);
      for (const { id } of program.view?.processes ?? []) if (id !== INIT) void deleteAtEnd(this.parts, program.key, id);
      if (program.record?.definition.removeAtEnd === true && !isUp(program)) this.#forgetIfTransient(program.record.name);
    }
  }

  /** May be called twice. */
  close(): void {
    this.#keeper.close();
    this.parts.outputHolds.close();
  }

  /** A daemon that died between the two has left one, and not what is run in it. */
  #removeRootsOfNobody(): void {
    const { roots, definitions, log, turns } = this.parts;
    for (const name of roots.names()) {
      turns.run(name, async () => { if (definitions.find(name) === undefined) await roots.remove(name); }).catch((error: unknown) => {
        log.error({ program: name, err: error }, 'the root file system of a program that is gone cannot be removed');
      });
    }
  }

  /** It was up, is not there, and no end of it is in the log: with the machine, or with its state directory. */
  async #endUnseen({ record, key }: Program): Promise<void> {
    if (record === undefined) return;
    const { definitions, bootId, nowNs, log } = this.parts;
    const isOtherBoot = record.bootId !== bootId;
    const bootNs = nowNs() - BigInt(Math.round(secondsSinceBoot() * 1000)) * 1_000_000n;
    // With a clock that has been set the host may have come up before the start; no end is before that.
    const afterStartNs = (record.startedNs ?? 0n) + 1n;
    const endedNs = !isOtherBoot ? nowNs() : bootNs > afterStartNs ? bootNs : afterStartNs;
    const unknown = isOtherBoot ? 'host rebooted' : 'its state directory was lost';
    const entry = { atNs: endedNs, type: 'exit', eventId: 0n, status: unknownStatus, pid: 0, by: undefined, detail: JSON.stringify({ unknown }) };
    await definitions.setEnd(record.name, { endedNs, status: unknownStatus, ranNs: 0n, unknown }, entry);
    log.warn({ id: key, unknown }, 'a program ended unseen');
  }

  #keep({ key }: Program, written: Promise<void>): void {
    written.catch((error: unknown) => { this.parts.log.error({ id: key, err: error }, 'what became of a program could not be written down'); });
  }

  #goOnStopping(program: Program): void {
    const { record, key } = program;
    if (record?.stopDeadlineNs === undefined) return;
    if (!isUp(program)) {
      this.#keep(program, this.parts.definitions.setStopDeadline(record.name, undefined));
      return;
    }
    endBy(this.parts, program, constants.signals.SIGTERM, record.stopDeadlineNs).catch((error: unknown) => {
      this.parts.log.error({ id: key, err: error }, 'a stop cannot go on');
    });
  }

  #forgetIfTransient(name: string): void {
    const { definitions, turns, log, outputHolds } = this.parts;
    const record = definitions.find(name);
    if (record?.definition.removeAtEnd !== true) return;
    const key = programKey(name);
    const program: Program = { name, key, record, view: undefined, managed: undefined, stopDeadlineNs: undefined };
    const forgetOnce = async (): Promise<void> => {
      // It may have been started again meanwhile, or forgotten, and another one have the name.
      const now = await findProgramIfThere(this.parts, name);
      if (now?.record?.createdNs !== record.createdNs || isUp(now)) return;
      await forget(this.parts, program);
    };
    // Its readers have all of it first; nobody is held up by that who asks for the name.
    outputHolds.untilNone(name).then((isNone) => (isNone ? turns.run(name, forgetOnce) : undefined)).catch((error: unknown) => {
      log.error({ id: key, err: error }, 'a program cannot be forgotten at its end');
    });
  }
}
