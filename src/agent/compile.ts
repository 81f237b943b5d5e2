import { secretLabels } from '../programs/secret-variables';
import type { Definition } from '../records/definition';
import { createdFile } from '../runtime/state-dir/stdio-target';
import type { ProcessDefinition } from './definitions/definition';
import type { Launch } from './engine/managed-definition';
import { bundleSpecOf, insideContainer, rootfsSpecOf } from './launch/container';
import { daemonOutput } from './launch/daemon-output';
import { environmentOf } from './launch/environment';
import { LaunchError } from './launch/errors';
import { lookUp } from './launch/host-facts';
import { hostSpecOf } from './launch/host-spec';
import { imageWishesOf } from './launch/image';
import { socketsName } from './launch/listen-sockets';
import type { Lookups } from './launch/lookups';

/** Of which start a process is: a number that only rises. */
const generationVariable = 'HOLDFAST_GENERATION';

/**
 * What is to be run, of a definition.
 * @throws LaunchError; Error that names the key which this version cannot do: nothing is left out silently
 */
export async function compileProcess(definition: ProcessDefinition, launch: Launch, lookups: Lookups): Promise<Definition> {
  const { log } = definition;
  refuseWhatIsMissing(definition);
  const secretVariables = definition.secrets.filter(({ as }) => as === 'environment').map(({ name }) => name);
  const { line } = launch;
  // Without a path it is kept.
  const path = (stream: 'stdout' | 'stderr'): string => {
    const target = log[stream];
    if (target.is === 'inherit') return daemonOutput[stream];
    return target.is === 'file' ? createdFile(target.path) : target.is === 'null' ? '/dev/null' : '';
  };
  // What an event listener writes to its stdout is for the agent.
  const isKept = (log.stdout.is === 'keep' && line === undefined) || log.stderr.is === 'keep';
  return {
    ...await whatIsRun(definition, launch, lookups),
    runtime: '',
    runtimeArgs: [],
    noPivot: false,
    labels: [...[...definition.labels].map(([name, value]) => `${name}=${value}`), ...secretLabels(secretVariables)],
    stdio: { stdin: line?.stdin ?? '', stdout: line?.stdout ?? path('stdout'), stderr: path('stderr') },
    removeAtEnd: false,
    keptOutput: { format: isKept ? log.format : 'none', maxSizeBytes: log.maxSizeBytes, maxFiles: log.maxFiles, rate: log.rate, maxAgeMs: log.maxAgeMs, ...(log.compress ? { compress: true } : {}) },
    // A terminal is open to whoever attaches, whatever is said.
    openStdin: definition.terminal ? undefined : definition.stdin === 'open' && line === undefined,
    heldSockets: definition.listen.length === 0 ? undefined : socketsName(definition.fullName),
  };
}

/** One of the three; a bundle that is given something beside its own is a spec of ours, as is that of an image's container. */
async function whatIsRun(definition: ProcessDefinition, launch: Launch, { read, runOf }: Lookups): Promise<Pick<Definition, 'bundle' | 'hostProgram' | 'containerSpec' | 'image'>> {
  const { kind } = definition;
  const nothing = { bundle: '', hostProgram: '', containerSpec: '' };
  const facts = await lookUp(definition, read);
  if (kind.is === 'bundle') {
    const inside = insideContainer(launch);
    const secrets = [...facts.secrets].map(([name, value]) => `${name}=${value}`);
    const spec = await bundleSpecOf(definition, kind.bundle, [...secrets, ...reportVariables(definition, inside)], launch, read);
    return spec === undefined ? { ...nothing, bundle: kind.bundle } : { ...nothing, containerSpec: spec };
  }
  if (kind.is === 'host') refuseWhatIsHidden(definition, launch);
  const seen = kind.is === 'host' ? launch : insideContainer(launch);
  const environment = environmentOf(definition, { ...facts, credentialsDirectory: seen.credentialsDirectory, inherited: process.env });
  // What nobody but the agent may say.
  const ours = [`${generationVariable}=${String(launch.generation)}`, ...reportVariables(definition, seen), ...listenVariables(definition)];
  const others = environment.filter((each) => !ours.some((own) => nameOf(own) === nameOf(each)));
  const variables = [...others, ...ours];
  switch (kind.is) {
    case 'host':
      return { ...nothing, hostProgram: hostSpecOf(definition, facts.account, variables) };
    case 'rootfs':
      return { ...nothing, containerSpec: rootfsSpecOf(definition, kind.rootfs, facts.account, variables, launch) };
    case 'image':
      return { ...nothing, ...(await runOf(kind.image, imageWishesOf(definition, facts.account, variables, launch), kind.pull, launch.cancel)) };
  }
}

function nameOf(variable: string): string {
  return variable.slice(0, variable.indexOf('='));
}

/** By which it reports: sd_notify(3). */
function reportVariables({ health, kind }: ProcessDefinition, { notifySocket, credentialsDirectory }: Launch): readonly string[] {
  return [
    // All others have it with their environment.
    ...(kind.is !== 'bundle' || credentialsDirectory === undefined ? [] : [`CREDENTIALS_DIRECTORY=${credentialsDirectory}`]),
    ...(notifySocket === undefined ? [] : [`NOTIFY_SOCKET=${notifySocket}`]),
    // How long it may be silent before it is unhealthy: sd_watchdog_enabled(3).
    ...(health?.check.is === 'notify' ? [`WATCHDOG_USEC=${String(Math.round(health.intervalMs * health.retries * 1000))}`] : []),
  ];
}

/** sd_listen_fds(3). What starts a host program knows its number only then, and says it itself. */
function listenVariables({ listen, kind }: ProcessDefinition): readonly string[] {
  if (listen.length === 0) return [];
  return [`LISTEN_FDS=${String(listen.length)}`, `LISTEN_FDNAMES=${listen.map(({ name }) => name).join(':')}`, ...(kind.is === 'host' ? [] : ['LISTEN_PID=1'])];
}

/** With a /tmp of its own it does not find what is in the host's. */
function refuseWhatIsHidden({ fullName, privateTmp }: ProcessDefinition, { notifySocket, credentialsDirectory }: Launch): void {
  const hidden = privateTmp ? [notifySocket, credentialsDirectory].find((path) => path !== undefined && /^\/(?:var\/)?tmp\//.test(path)) : undefined;
  if (hidden !== undefined) throw new LaunchError('unsupported', fullName, `private_tmp: ${hidden}, which it is given, is in the host's /tmp: the daemon's --state-dir has to be elsewhere`);
}

/** What a definition may ask for, and nobody does yet. */
function refuseWhatIsMissing(definition: ProcessDefinition): void {
  const { kind, listener, ready, log } = definition;
  const asked: readonly (readonly [key: string, isAsked: boolean])[] = [
    ['an event listener that is no host program', kind.is !== 'host' && listener !== undefined],
    ['ready.log of output that is not kept with times', ready.is === 'log' && (log.format !== 'cri' || log.stdout.is !== 'keep' || log.stderr.is !== 'keep')],
  ];
  const [missing] = asked.filter(([, isAsked]) => isAsked).map(([key]) => key);
  if (missing !== undefined) throw new Error(`${missing}: this version of the agent cannot do that yet`);
}
