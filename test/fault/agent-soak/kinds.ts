import { State } from '../../../src/api/gen/holdfast/v1/containers';

/** What may be asked of a program, or done to it, in the middle of everything. */
export type Deed = 'stop' | 'start' | 'restart' | 'kill' | 'harm' | 'redefine' | 'limit' | 'scale';

/** A program of the soak. */
export interface Kind {
  readonly short: string;
  /** In its table of the definition file. */
  readonly keys: readonly string[];
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  /** Of its script, once it has said that it runs: see `preamble`. */
  readonly body: string;
  /** Where it stands while nobody does anything to it, and it is wanted up. */
  readonly rests: readonly State[];
  readonly deeds: readonly Deed[];
  /** A restart of this one is one of it, too. */
  readonly follows?: string;
  /** It ends by itself again and again. */
  readonly endsItself?: true;
  /** It may be ended by SIGKILL, as its definition says. */
  readonly isStubborn?: true;
}

/**
 * What all scripts begin with. Of each run there is one line in the file of runs, before that a lock that a second copy would trip over, and what was alive of the run before holds it, too.
 * What is written to stdout is written to a file first. Nothing here starts another process: a pause is a read from a FIFO that nobody writes to.
 */
export const preamble = `
D=$1; N=$SUPERVISOR_PROCESS_NAME; G=$HOLDFAST_GENERATION; S=; n=0
end() { [ -z "$S" ] || echo "end $G $1" >> "$D/$N.runs"; exit $1; }
trap 'end 0' TERM
exec 9> "$D/$N.lock" 8>> "$D/$N.written" 7<> "$D/pause"
flock -n 9 || { echo "doubled $G $$" >> "$D/$N.runs"; exit 99; }
S=1; echo "run $G $$ $VERSION" >> "$D/$N.runs"
line() { n=$((n+1)); echo "$G $n $1" >&8; echo "$G $n $1"; }
rest() { read -t "$1" -u 7 || :; }
forever() { while :; do line; rest 0.04; done; }
`;

const quickly = { restart: ['initial = 0.1', 'max = 0.5', 'reset = 2'] };
const { RUNNING, STARTING, BACKOFF, EXITED, FATAL, STOPPED } = State;
const up = [RUNNING];

/** All kinds: twenty-three processes. */
export const kinds: readonly Kind[] = [
  { short: 'steady', keys: ['numprocs = 3'], body: 'forever', rests: up, deeds: [] },
  { short: 'limited', keys: [], body: 'forever', rests: up, deeds: ['limit'] },
  { short: 'parent', keys: [], body: `bash -c 'trap "" TERM; read -u 7' "$D/child" & forever`, rests: up, deeds: ['restart', 'kill'] },
  { short: 'hand', keys: ['startsecs = 0'], body: 'forever', rests: up, deeds: ['stop', 'start', 'restart'] },
  { short: 'other-hand', keys: ['startsecs = 0.3'], body: 'forever', rests: up, deeds: ['stop', 'start', 'restart', 'kill'] },
  { short: 'stubborn', keys: ['stopwaitsecs = 0.3'], body: `trap '' TERM; forever`, rests: up, deeds: ['stop', 'start', 'restart'], isStubborn: true },
  { short: 'killed', keys: ['startsecs = 0.2'], body: 'forever', rests: up, deeds: ['kill'] },
  { short: 'quick', keys: [], body: 'line; rest 0.1; end 3', rests: [STARTING, BACKOFF], deeds: [], endsItself: true },
  { short: 'ends', keys: ['startsecs = 0.2'], body: 'line; rest 0.6; line; end 0', rests: [EXITED], deeds: ['start'], endsItself: true },
  { short: 'always', keys: ['autorestart = "always"', 'startsecs = 0.2'], body: 'line; rest 0.8; line; end 0', rests: [RUNNING, STARTING, BACKOFF], deeds: ['restart'], endsItself: true },
  { short: 'hopeless', keys: ['startretries = 2'], body: 'line; end 1', rests: [FATAL], deeds: ['start'], endsItself: true },
  { short: 'timed', keys: ['schedule = "every 2s"'], body: 'line; rest 0.2; end 0', rests: [EXITED, STARTING, RUNNING, STOPPED, BACKOFF], deeds: [], endsItself: true },
  { short: 'base', keys: ['startsecs = 0.2'], body: 'forever', rests: up, deeds: ['restart', 'kill'] },
  { short: 'waits', keys: ['depends_on = { BASE = "running" }', 'dependency_restart = true'], body: 'forever', rests: up, deeds: ['restart'], follows: 'base' },
  { short: 'once', keys: ['oneshot = true'], body: 'line; rest 0.3; end 0', rests: [EXITED], deeds: ['start'], endsItself: true },
  { short: 'after', keys: ['depends_on = { ONCE = "completed" }'], body: 'forever', rests: up, deeds: ['kill'] },
  {
    short: 'healthy', keys: ['startsecs = 0.2'], body: 'touch "$D/well"; forever', rests: up, deeds: ['harm'],
    tables: { health: ['exec = ["test", "-e", "DIRECTORY/well"]', 'interval = 0.3', 'retries = 2', 'timeout = 10', 'start_period = 5'] },
  },
  { short: 'ready', keys: ['ready = { log = "it is ready" }'], body: 'rest 0.1; line "it is ready"; forever', rests: up, deeds: ['restart', 'kill'] },
  { short: 'changing', keys: ['startsecs = 0.2'], body: 'forever', rests: up, deeds: ['redefine', 'restart'] },
  { short: 'many', keys: ['numprocs = 2', 'startsecs = 0.2'], body: 'forever', rests: up, deeds: ['scale'] },
].map((kind) => ({ ...kind, tables: { ...quickly, ...('tables' in kind ? kind.tables : {}) } }) as Kind);
