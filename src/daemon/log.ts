import { pino, stdTimeFunctions, type Level, type LogFn, type Logger } from 'pino';
import { LogOutput } from './log-output';
import type { LogLevel } from './setting-values';

export type { Logger } from 'pino';

/** The original's library has `panic` above `fatal`; to us nothing is worse than fatal. */
const LEVELS: Readonly<Record<LogLevel, Level>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  panic: 'fatal',
};

const STDERR_FD = 2;
/** pino's number of it. */
const WARN = 40;

/**
 * The daemon's logger: JSON lines on stderr with `level` and `time` in words, `msg`, and the fields
 * of the line. Logging never blocks, throws or kills: see LogOutput for what becomes of lines that
 * nobody reads. Nothing else in the daemon may write to stderr: Node's own `process.stderr` blocks.
 *
 * What is warned of is expected to happen, and says in a line what and why; the stack, which is for whoever looks for a mistake of ours, follows at
 * debug.
 *
 * @param output for tests
 */
export function createLogger(level: LogLevel, output = new LogOutput(STDERR_FD)): Logger {
  const logger = pino(
    {
      level: LEVELS[level],
      // No pid and host name in each line: journald, or whoever keeps them, knows.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { logMethod: warnBriefly },
      serializers: { error: pino.stdSerializers.err, err: (error: unknown) => (error instanceof Brief ? error.fields : fieldsOf(error)) },
    },
    output,
  );
  output.onLost = (lines) => logger.warn({ lines }, 'log lines were lost: nobody read stderr');
  return logger;
}

/** An error without its stack, which the serializer would add again. */
class Brief {
  constructor(readonly fields: Readonly<Record<string, unknown>>) {}
}

function warnBriefly(this: Logger, args: Parameters<LogFn>, method: LogFn, level: number): void {
  const [fields, message] = args as [unknown, string | undefined];
  const error: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, 'err') : undefined;
  if (level !== WARN || !(error instanceof Error)) {
    method.apply(this, args);
    return;
  }
  const { type } = pino.stdSerializers.err(error);
  const code: unknown = Reflect.get(error, 'code');
  const brief = new Brief({ type, message: whyOf(error), ...(code === undefined ? {} : { code }) });
  method.apply(this, [{ ...(fields as object), err: brief }, message] as Parameters<LogFn>);
  this.debug(fields, `${message ?? ''}: where`);
}

function fieldsOf(error: unknown): unknown {
  return error instanceof Error ? { ...pino.stdSerializers.err(error), message: whyOf(error) } : error;
}

/** The error's words and those of what caused it, each once: many say their cause themselves. */
function whyOf({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  const deeper = whyOf(cause);
  return message.includes(deeper) ? message : `${message}: ${deeper}`;
}
