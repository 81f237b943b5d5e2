import { basename } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { calledAs, nameThisProcess } from '../sys/process/process-name';
import { faultPoint } from '../sys/fault';
import { exitNow } from '../sys/process/process';
import { replaceProgram } from '../sys/process/replace-program';
import { errorCodeOf, messageOf } from '../sys/thrown';
import { readCommandLine } from './command-line';
import { Daemon } from './daemon';
import { DaemonError } from './errors';
import { helpText, versionText } from './help';
import { createLogger, type Logger } from './log';
import { nativeProblem } from './native-problem';
import { Service } from './service';
import type { Settings } from './settings';
import { VERSION } from './version';

/** EX_TEMPFAIL of sysexits.h: a service manager is to start it again. */
const STATUS_OF_A_FAILED_RESTART = 75;
/** EX_SOFTWARE of sysexits.h. */
const STATUS_OF_A_MISTAKE = 70;
/** A program was given up whose definition has the daemon end then. */
const STATUS_OF_THE_END_OF_ALL = 1;

/** Where the records' thread comes from: see main.ts. */
type RecordsThread = () => Worker;

/** `holdfastd`: reads the command line, runs the daemon until a signal ends it. Exit status 1: it could not start, or a program was the end of all. */
export function holdfastd(args: readonly string[], recordsThread: RecordsThread): void {
  nameThisProcess([calledAs(), ...args]);
  main(args, recordsThread).catch((error: unknown) => {
    // One clear line for the operator; what is not ours shows where it came from.
    const text = nativeProblem(error) ?? (error instanceof DaemonError || isExpected(error) ? messageOf(error) : String((error as Error).stack));
    process.stderr.write(`${basename(calledAs())}: ${text}\n`, () => { exitNow(1); });
  });
}

async function main(args: readonly string[], recordsThread: RecordsThread): Promise<void> {
  const invocation = readCommandLine(args, { calledAs: basename(calledAs()) });
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`${versionText(VERSION)}\n`);
      return;
    case 'print':
      process.stdout.write(invocation.text);
      return;
    case 'run':
      await run(invocation.settings, invocation.warnings, recordsThread);
  }
}

async function run(settings: Settings, warnings: readonly string[], recordsThread: RecordsThread): Promise<void> {
  const log = createLogger(settings.logLevel);
  endOnMistakes(log);
  for (const warning of warnings) log.warn({}, warning);
  const service = new Service(process.env, log);
  let restart: () => void = () => undefined;
  const restarting = new Promise<'restart'>((resolve) => { restart = () => { resolve('restart'); }; });
  const daemon = new Daemon(settings, service.sockets(), log, recordsThread(), () => { restart(); });
  // A write to a pipe whose reader is gone fails; it must not end the daemon (failure 3 of the field).
  process.on('SIGPIPE', () => undefined);
  // The same of what Node itself says there, its warnings: the log has an output of its own.
  process.stderr.on('error', () => undefined);
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  process.on('SIGUSR1', () => {
    faultPoint('daemon.dump');
    daemon.dump();
  });
  await daemon.start();
  service.tell(`READY=1\nMAINPID=${process.pid}`);
  service.keepAlive();
  const endOfAll = daemon.agent.endAsked.then((because) => ({ because }));
  const why = await Promise.race([ended, restarting, endOfAll]);
  log.info({ signal: why }, 'stopping');
  if (why === 'restart') {
    await daemon.stop();
    beginAgain(log, service);
  }
  service.tell('STOPPING=1');
  const isEndOfAll = typeof why === 'object';
  if (isEndOfAll) await daemon.agent.endEverything();
  const status = isEndOfAll ? STATUS_OF_THE_END_OF_ALL : 0;
  // A thread that hangs in the kernel would be waited for.
  if (await daemon.stop()) process.exit(status);
  else exitNow(status);
}

/** The program as it lies on the disk now takes this one's place, in the same process. Where it cannot, this one ends, and whoever watches over it starts another. */
function beginAgain(log: Logger, service: Service): void {
  const handedFds = service.handOn();
  const [, file = '', ...args] = process.argv;
  try {
    // Node has marked its standard descriptors, too, to be closed (uv_disable_stdio_inheritance).
    replaceProgram({ file, argv: [file, ...args], keep: [0, 1, 2, ...handedFds] });
  } catch (error) {
    log.fatal({ err: error }, 'no other daemon can take the place of this process, which ends; what runs runs on');
    exitNow(STATUS_OF_A_FAILED_RESTART);
  }
}

/**
 * What nobody has caught is a mistake of ours, and nobody knows what it has left half done. The daemon's end harms nothing that runs, and
 * the next one finds out from the state directory, as after SIGKILL: so it says what it was, and ends. (A promise that nobody has
 * handled comes here too.)
 */
function endOnMistakes(log: Logger): void {
  process.on('uncaughtException', (error: unknown, origin) => {
    log.fatal({ err: error, origin }, 'a mistake in the daemon, which ends; what runs runs on');
    exitNow(STATUS_OF_A_MISTAKE);
  });
}

/** Errors of the system and of the socket say by themselves what is wrong. */
function isExpected(error: unknown): boolean {
  return errorCodeOf(error) !== undefined;
}
