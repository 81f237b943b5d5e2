import { secretLabels } from '../programs/secret-variables';
import type { Definition } from '../records/definition';
import { createdFile } from '../runtime/state-dir/stdio-target';
import type { ProcessDefinition } from './definitions/definition';
import { reports } from './health/reports';
import type { Launch } from './engine/managed-definition';
import { environmentOf } from './launch/environment';
import { type ReadText, lookUp } from './launch/host-facts';
import { hostSpecOf } from './launch/host-spec';

/** Of which start a process is: a number that only rises. */
const generationVariable = 'HOLDFAST_GENERATION';

/**
 * What is to be run, of a definition. @param read for the files that it names
 * @throws LaunchError; Error that names the key which this version cannot do: nothing is left out silently
 */
export async function compileProcess(definition: ProcessDefinition, launch: Launch, read: ReadText): Promise<Definition> {
  const { kind, log } = definition;
  refuseWhatIsMissing(definition);
  const secretVariables = definition.secrets.filter(({ as }) => as === 'environment').map(({ name }) => name);
  const path = (target: typeof log.stdout): string => (target.is === 'file' ? createdFile(target.path) : '');
  const isKept = log.stdout.is === 'keep' || log.stderr.is === 'keep';
  return {
    bundle: kind.is === 'bundle' ? kind.bundle : '',
    hostProgram: kind.is === 'host' ? await hostProgramOf(definition, launch, read) : '',
    containerSpec: '',
    runtime: '',
    runtimeArgs: [],
    noPivot: false,
    labels: [...[...definition.labels].map(([name, value]) => `${name}=${value}`), ...secretLabels(secretVariables)],
    stdio: { stdin: '', stdout: path(log.stdout), stderr: path(log.stderr) },
    removeAtEnd: false,
    keptOutput: { format: isKept ? log.format : 'none', maxSizeBytes: log.maxSizeBytes, maxFiles: log.maxFiles },
    openStdin: false,
  };
}

async function hostProgramOf(definition: ProcessDefinition, launch: Launch, read: ReadText): Promise<string> {
  const facts = await lookUp(definition, read);
  const environment = environmentOf(definition, { ...facts, credentialsDirectory: launch.credentialsDirectory, inherited: process.env });
  const ours = [...launchVariables(definition, launch)];
  const others = environment.filter((each) => !ours.some(([name]) => each.startsWith(`${name}=`)));
  return hostSpecOf(definition, facts.account, [...others, ...ours.map(([name, value]) => `${name}=${value}`)]);
}

/** What nobody but the agent may say. */
function launchVariables({ health }: ProcessDefinition, { generation, notifySocket }: Launch): readonly (readonly [name: string, value: string])[] {
  const variables: [string, string][] = [[generationVariable, String(generation)]];
  if (notifySocket !== undefined) variables.push(['NOTIFY_SOCKET', notifySocket]);
  // How long it may be silent before it is unhealthy: sd_watchdog_enabled(3).
  if (health?.check.is === 'notify') variables.push(['WATCHDOG_USEC', String(Math.round(health.intervalMs * health.retries * 1000))]);
  return variables;
}

/** What a definition may ask for, and nobody does yet. */
function refuseWhatIsMissing(definition: ProcessDefinition): void {
  const { kind, secrets, terminal, stdin, health, ready, log, listen } = definition;
  const asked: readonly (readonly [key: string, isAsked: boolean])[] = [
    ['rootfs', kind.is === 'rootfs'],
    ['secrets of what is no host program', kind.is !== 'host' && secrets.length > 0],
    ['terminal', terminal || stdin === 'open'],
    ['health.exec of what is no host program', kind.is !== 'host' && health?.check.is === 'exec'],
    ['sd_notify of what is no host program', kind.is !== 'host' && reports(definition)],
    ['ready.log of output that is not kept with times', ready.is === 'log' && (log.format !== 'cri' || log.stdout.is !== 'keep' || log.stderr.is !== 'keep')],
    ['read_only_paths', definition.readOnlyPaths.length > 0 || definition.privateTmp || definition.network !== 'host'],
    ['log', [log.stdout, log.stderr].some(({ is }) => is === 'inherit') || (log.stdout.is === 'keep' && log.stderr.is === 'null') || (log.stdout.is === 'null' && log.stderr.is === 'keep') || log.rate !== undefined || log.compress || log.maxAgeMs !== undefined],
    ['listen', listen.length > 0],
  ];
  const [missing] = asked.filter(([, isAsked]) => isAsked).map(([key]) => key);
  if (missing !== undefined) throw new Error(`${missing}: this version of the agent cannot do that yet`);
}
