import { pino, stdTimeFunctions, type Level, type Logger } from 'pino';
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

/**
 * The daemon's logger: JSON lines on stderr with `level` and `time` in words, `msg`, and the fields
 * of the line. Logging never blocks, throws or kills: see LogOutput for what becomes of lines that
 * nobody reads. Nothing else in the daemon may write to stderr: Node's own `process.stderr` blocks.
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
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    output,
  );
  output.onLost = (lines) => logger.warn({ lines }, 'log lines were lost: nobody read stderr');
  return logger;
}
