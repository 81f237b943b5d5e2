import { printNetwork, printPort } from '../../runtime/bundle/network';
import { imageNameOf } from '../../runtime/text/image-name';
import type { Health, ListenSocket, LogPolicy, OutputTarget, ProgramDefinition, ResourceLimit, Settings } from './definition';
import { durationValue, signalValue, sizeValue } from './values';

/** A value of TOML; what is undefined is not written. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | { readonly [key: string]: TomlValue | undefined } | undefined;

/** What is shown in the place of a secret. */
export const HIDDEN = '********';

/** The keys of a definition with the values that count, in the order of the documents. Read again, they make the same definition. */
export function effectiveKeys(program: ProgramDefinition): { readonly [key: string]: TomlValue | undefined } {
  return {
    ...whatKeys(program),
    ...whenKeys(program),
    ...againKeys(program),
    ...stopKeys(program),
    health: program.health && healthKeys(program.health),
    ready: program.ready.is === 'log' ? { log: program.ready.pattern } : program.ready.is,
    ...howMuchKeys(program),
    log: logKeys(program.log),
    listen: program.listen.length === 0 ? undefined : Object.fromEntries(program.listen.map(socketOf)),
    numprocs: program.numprocs,
    numprocs_start: program.numprocsStart,
    process_name: program.processName,
    events: program.listener?.events,
  };
}

function socketOf({ name, address, mode, user, group }: ListenSocket): readonly [string, TomlValue] {
  if (mode === undefined && user === undefined && group === undefined) return [name, address];
  return [name, { address, mode: mode === undefined ? undefined : octal(mode), user, group }];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}

/** A bundle says itself what these would. */
function whatKeys(program: ProgramDefinition): Record<string, TomlValue | undefined> {
  const { kind, command, shell, listener } = program;
  const about = { labels: tableOf(program.labels), description: program.description };
  if (kind.is === 'bundle') return { bundle: kind.bundle, secrets: secretKeys(program), ...(listener === undefined ? { stdin: program.stdin } : {}), ...about };
  return {
    command: shell ? command[0] : command.length === 0 ? undefined : command,
    shell,
    rootfs: kind.is === 'rootfs' ? kind.rootfs : undefined,
    image: kind.is === 'image' ? (imageNameOf(kind.image)?.short ?? kind.image) : undefined,
    pull: kind.is === 'image' ? kind.pull : undefined,
    pid_namespace: kind.is === 'host' ? kind.pidNamespace : undefined,
    directory: program.directory === '' ? undefined : program.directory,
    umask: octal(program.umask),
    user: program.user,
    group: program.userGroup,
    extra_groups: program.extraGroups,
    environment: tableOf(program.environment),
    environment_file: program.environmentFiles.map(({ path, optional }) => `${optional ? '-' : ''}${path}`),
    inherit_environment: program.inheritEnvironment,
    secrets: secretKeys(program),
    ...(listener === undefined ? { terminal: program.terminal, stdin: program.stdin } : {}),
    ...about,
  };
}

function secretKeys({ secrets }: Pick<ProgramDefinition, 'secrets'>): TomlValue {
  return secrets.length === 0 ? undefined : Object.fromEntries(secrets.map(({ name }) => [name, HIDDEN]));
}

function whenKeys(program: ProgramDefinition): Record<string, TomlValue | undefined> {
  const { schedule, dependencyTimeoutMs } = program;
  return {
    autostart: program.autostart,
    onreboot: program.onReboot,
    priority: program.priority,
    depends_on: program.dependsOn.length === 0 ? undefined : Object.fromEntries(program.dependsOn.map(({ target, condition }) => [target, condition])),
    dependency_restart: program.dependencyRestart,
    dependency_timeout: dependencyTimeoutMs === undefined ? undefined : durationValue(dependencyTimeoutMs),
    ...(schedule === undefined ? {} : {
      schedule: schedule.when.is === 'cron' ? schedule.when.expression : `every ${String(schedule.when.everyMs)}ms`,
      schedule_missed: schedule.missed,
      schedule_overlap: schedule.overlap,
      timezone: schedule.timezone,
    }),
    oneshot: program.oneshot,
  };
}

function againKeys(program: ProgramDefinition): Record<string, TomlValue | undefined> {
  const { restart, onFatal } = program;
  return {
    autorestart: program.autorestart,
    exitcodes: program.expectedEnds.map((end) => ('status' in end ? end.status : signalValue(end.signal))),
    startsecs: program.oneshot ? undefined : durationValue(program.startMs),
    startretries: program.startRetries,
    restart: {
      initial: durationValue(restart.initialMs),
      max: durationValue(restart.maxMs),
      factor: restart.factor,
      jitter: restart.jitter,
      reset: durationValue(restart.resetMs),
      limit: restart.limit && { count: restart.limit.count, within: durationValue(restart.limit.withinMs) },
    },
    on_fatal: onFatal.is === 'command' ? onFatal.command : onFatal.is,
  };
}

function stopKeys({ stopSteps, killMode, reload }: Settings): Record<string, TomlValue | undefined> {
  const [first, ...rest] = stopSteps;
  const steps = first === undefined || rest.length > 0
    ? { stopsignal: stopSteps.map(({ signal, waitMs }) => [signalValue(signal), durationValue(waitMs)]) }
    : { stopsignal: first.isOfImage === true ? undefined : signalValue(first.signal), stopwaitsecs: durationValue(first.waitMs) };
  return {
    ...steps,
    kill_mode: killMode,
    reload_signal: reload?.is === 'signal' ? signalValue(reload.signal) : undefined,
    reload_command: reload?.is === 'command' ? reload.command : undefined,
  };
}

function healthKeys(health: Health): TomlValue {
  return {
    ...checkKeys(health.check),
    interval: durationValue(health.intervalMs),
    timeout: durationValue(health.timeoutMs),
    retries: health.retries,
    start_period: durationValue(health.startPeriodMs),
    start_interval: durationValue(health.startIntervalMs),
    on_failure: health.onFailure,
  };
}

function checkKeys(check: Health['check']): Record<string, TomlValue | undefined> {
  switch (check.is) {
    case 'exec': return { exec: check.command };
    case 'http': return {
      http: check.url,
      expect_status: check.expectStatus.map(({ from, to }) => (from === to ? from : `${String(from)}-${String(to)}`)),
      expect_body: check.expectBody,
    };
    case 'tcp': return { tcp: check.address };
    case 'notify': return { notify: true };
  }
}

function howMuchKeys(program: ProgramDefinition): Record<string, TomlValue | undefined> {
  const { kind, limits, resourceLimits } = program;
  if (kind.is === 'bundle') return {};
  const size = (bytes: number | undefined): TomlValue => (bytes === undefined ? undefined : sizeValue(bytes));
  return {
    limits: {
      memory: size(limits.memoryBytes),
      memory_high: size(limits.memoryHighBytes),
      swap: size(limits.swapBytes),
      cpus: limits.cpus,
      cpu_weight: limits.cpuWeight,
      pids: limits.pids,
      io_weight: limits.ioWeight,
      ...Object.fromEntries(resourceLimits.map(({ name, soft, hard }) => [name, limitOf({ name, soft, hard })])),
    },
    oom_score_adjust: program.oomScoreAdjust,
    nice: program.nice,
    no_new_privileges: program.noNewPrivileges,
    capabilities: program.capabilities,
    read_only_paths: program.readOnlyPaths,
    private_tmp: program.privateTmp,
    volumes: program.volumes.length === 0 ? undefined : program.volumes,
    hostname: program.hostname,
    entrypoint: program.entrypoint,
    network: printNetwork(program.network),
    publish: program.network.is === 'cni' && program.network.ports.length > 0 ? program.network.ports.map(printPort) : undefined,
  };
}

function limitOf({ soft, hard }: ResourceLimit): TomlValue {
  return soft === hard ? soft : `${String(soft)}:${String(hard)}`;
}

function logKeys(log: LogPolicy): TomlValue {
  return {
    max_size: sizeValue(log.maxSizeBytes),
    max_files: log.maxFiles,
    max_age: log.maxAgeMs === undefined ? undefined : durationValue(log.maxAgeMs),
    compress: log.compress,
    format: log.format,
    stdout: targetOf(log.stdout),
    stderr: targetOf(log.stderr),
    rate: log.rate && { lines: log.rate.lines, per: durationValue(log.rate.perMs) },
  };
}

function targetOf(target: OutputTarget): TomlValue {
  return target.is === 'file' ? target.path : target.is;
}

function tableOf(map: ReadonlyMap<string, string>): TomlValue {
  return map.size === 0 ? undefined : Object.fromEntries(map);
}
