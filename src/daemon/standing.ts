import { writeFileSync } from 'node:fs';
import { leaveNoCore } from '../sys/process/no-core';
import { favourThisThread } from '../sys/process/scheduling';
import type { Logger } from './log';

/**
 * Ten runtimes at once keep the processors busy for seconds, and three slow health answers end the daemon: it goes
 * before them. More than this gained it little, and with -20 ten parallel starts took a twelfth longer (both measured on
 * two processors).
 */
const niceValue = -5;

/** The daemon goes before the programs that it starts; without the capability for it, it takes its turn. */
export function favour(log: Logger): void {
  try {
    favourThisThread(niceValue);
  } catch (error) {
    log.debug({ err: error }, 'no favourable priority');
  }
}

/** What the configuration says of the daemon itself; the shim inherits it, and containers have their own. */
export function rateForOomKiller(score: number | undefined, log: Logger): void {
  if (score === undefined) return;
  try {
    writeFileSync('/proc/self/oom_score_adj', String(score));
  } catch (error) {
    log.warn({ err: error, score }, "the OOM killer's view of the daemon cannot be set");
  }
}

/** What it knows of programs (their secrets, too) is in no core dump. */
export function keepSecretsFromCores(log: Logger): void {
  if (!leaveNoCore()) log.warn({}, 'without CAP_SYS_PTRACE the daemon and its shim leave core dumps where their limit (RLIMIT_CORE) allows them: secrets of programs may be in them');
}
