import { invalid } from './run-options';

/** Keys of a definition file. */
export type RestartKeys = Readonly<Record<string, string | number>>;

/** In the words of definition files, and in docker's. */
const policies: Readonly<Record<string, RestartKeys>> = {
  never: {},
  no: {},
  unexpected: { autorestart: 'unexpected' },
  // However soon it ends: who writes docker's word for a job that is over at once means that.
  'on-failure': { autorestart: 'unexpected', startsecs: 0 },
  always: { autorestart: 'always' },
  'unless-stopped': { autorestart: 'always', onreboot: 'laststate' },
};

/** What `run --restart` says; undefined: it is not started again. @throws CtlError `invalid-argument` */
export function restartKeysOf(policy: string | undefined): RestartKeys | undefined {
  const [word = 'never', retries, ...more] = policy?.split(':') ?? [];
  const keys = Object.hasOwn(policies, word) ? policies[word] : undefined;
  const hasRetries = retries !== undefined;
  if (keys === undefined || more.length > 0 || (hasRetries && (word !== 'on-failure' || !/^\d{1,9}$/.test(retries)))) {
    throw invalid(`there is no --restart ${policy ?? ''}`, 'It is unexpected (after ends but for status 0), always, unless-stopped, on-failure[:TIMES], or never.');
  }
  if (Object.keys(keys).length === 0) return undefined;
  // Retries are of starts: there are some to count only where it has to stay up for a while.
  return hasRetries ? { autorestart: 'unexpected', startretries: Number(retries) } : keys;
}
