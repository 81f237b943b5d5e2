import { invalid } from './run-options';

/** Keys of a definition file. */
export type RestartKeys = Readonly<Record<string, unknown>>;

/** docker counts the restarts since somebody started it, however long ago that was: ten years are as good as for ever. */
const forever = '87600h';

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
  if (keys === undefined || more.length > 0 || (hasRetries && (word !== 'on-failure' || !/^\d{1,6}$/.test(retries)))) {
    throw invalid(`there is no --restart ${policy ?? ''}`, 'It is unexpected (after ends but for status 0), always, unless-stopped, on-failure[:TIMES], or never.');
  }
  if (Object.keys(keys).length === 0) return undefined;
  // docker's 0 is no limit, too.
  return Number(retries ?? 0) === 0 ? keys : { ...keys, restart: { limit: { count: Number(retries), within: forever } } };
}
