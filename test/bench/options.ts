import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What a run of the benchmark measures, and how long it takes over it. */
export interface BenchOptions {
  /** About two minutes: fewer rounds, and up to 100 containers. */
  readonly quick: boolean;
  /** Measure the daemon that serves this socket, which is not started or stopped. */
  readonly socket: string | undefined;
  /** Another daemon of the containerd API to measure ours beside: Debian's. */
  readonly peer: 'containerd' | undefined;
  /** With a peer: the cgroup below which containers are; `''`: the runtime's choice. */
  readonly cgroupParent: string;
  /** The daemon's program, where it is started. */
  readonly daemon: string;
  /** More flags for it. */
  readonly daemonFlags: readonly string[];
  readonly runtime: string;
  /** Interleaved rounds of a figure. */
  readonly rounds: number;
  /** Measurements of each side in a round. */
  readonly perRound: number;
  /** Numbers of containers at which memory and cost are taken, ascending. */
  readonly sizes: readonly number[];
  /** Starts and execs after which nothing may have grown. */
  readonly endurance: number;
  /** The first requests of fresh daemons, too. */
  readonly cold: boolean;
  /** Containers that come and go before latencies are measured. */
  readonly warmUp: number;
  /** Figures to measure; empty: all. */
  readonly only: readonly string[];
  /** Directory for results. */
  readonly out: string;
}

export const usage = `usage: make bench [BENCH_ARGS="flags"]

  --quick               about two minutes, smaller numbers
  --socket <path>       measure another daemon of the same API, that serves there
  --peer containerd     ours and Debian's containerd side by side, by the containerd API; needs scripts/setup-real
  --cgroup-parent <path> with a peer: containers are below this cgroup, as the benchmark may be itself on a machine with other work
  --daemon <program>    default: bin/holdfastd
  --daemon-flag=<flag>  give it this flag, too; may be given several times
  --runtime <program>   default: runc
  --only <name>         this figure; may be given several times
  --warm-up <count>     containers that come and go before the latencies; default 300; 0: a daemon's first requests
  --cold                the first requests of a fresh daemon, too, in each round one, against those of a warm one
  --thousand            memory and cost with 1,000 containers too
  --endurance <count>   starts and execs after which nothing may have grown; default 500 (10,000 takes half an hour)
  --out <directory>     default: bench/out
`;

/**
 * @param known the names of all figures, without a peer and with one
 * @returns undefined where only the usage was asked for @throws TypeError for an unknown flag or figure, or a bad number
 */
export function readOptions(args: readonly string[], known: { readonly alone: readonly string[]; readonly withPeer: readonly string[] }): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      socket: { type: 'string' },
      peer: { type: 'string' },
      'cgroup-parent': { type: 'string', default: '' },
      daemon: { type: 'string', default: 'bin/holdfastd' },
      'daemon-flag': { type: 'string', multiple: true, default: [] },
      runtime: { type: 'string', default: 'runc' },
      only: { type: 'string', multiple: true, default: [] },
      cold: { type: 'boolean', default: false },
      thousand: { type: 'boolean', default: false },
      endurance: { type: 'string' },
      'warm-up': { type: 'string' },
      out: { type: 'string', default: 'bench/out' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, peer } = values;
  if (peer !== undefined && peer !== 'containerd') throw new TypeError(`--peer ${peer}: only containerd`);
  const names = peer === undefined ? known.alone : known.withPeer;
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: no such figure; there are ${names.join(', ')}`);
  return {
    quick,
    socket: values.socket === undefined ? undefined : resolve(values.socket),
    peer,
    cgroupParent: values['cgroup-parent'],
    daemon: resolve(values.daemon),
    daemonFlags: values['daemon-flag'],
    runtime: values.runtime,
    rounds: quick ? 4 : 24,
    perRound: quick ? 3 : 5,
    sizes: quick ? [10, 100] : values.thousand ? [10, 100, 500, 1000] : [10, 100, 500],
    endurance: countOf('endurance', values.endurance, quick ? 60 : 500),
    cold: values.cold,
    warmUp: countOf('warm-up', values['warm-up'], quick ? 30 : 300),
    only: values.only,
    out: resolve(values.out),
  };
}

function countOf(flag: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^\d{1,7}$/.test(value)) throw new TypeError(`--${flag} ${value}: not a count`);
  return Number(value);
}
