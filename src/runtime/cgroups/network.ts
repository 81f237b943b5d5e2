import { errorCodeOf } from '../../sys/thrown';
import { gone } from './cgroup';
import { KernelFiles, parseCount } from './kernel-files';

/** The counters of one network interface since it was made (Documentation/networking/statistics.rst). */
export interface InterfaceFigures {
  readonly name: string;
  /** Bytes. */
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  /** Bytes. */
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/**
 * The interfaces of the network namespace that a process is in, loopback included: /proc/<pid>/net/dev
 * (proc_pid_net(5)).
 *
 * @throws RuntimeError `gone` when the process has ended
 */
export function readNetworkFigures(pid: number, procRoot = '/proc'): InterfaceFigures[] {
  const text = read(pid, `${procRoot}/${pid}/net/dev`);
  return text.split('\n').flatMap((line) => {
    // The counters may follow the colon without a space. The two lines of headings have none.
    const colon = line.lastIndexOf(':');
    return colon < 0 ? [] : [parseInterface(line.slice(0, colon).trim(), line.slice(colon + 1))];
  });
}

/** Eight columns of what was received (bytes packets errs drop fifo frame compressed multicast), eight of what was sent. */
function parseInterface(name: string, counters: string): InterfaceFigures {
  const values = counters.trim().split(/ +/);
  const column = (index: number): bigint => parseCount(values[index] ?? '', 0n);
  return {
    name,
    rxBytes: column(0),
    rxPackets: column(1),
    rxErrors: column(2),
    rxDropped: column(3),
    txBytes: column(8),
    txPackets: column(9),
    txErrors: column(10),
    txDropped: column(11),
  };
}

function read(pid: number, path: string): string {
  try {
    const text = new KernelFiles().text(path);
    if (text !== undefined) return text;
  } catch (error) {
    // A zombie has no network namespace any more: then its net directory is there but holds nothing valid.
    if (errorCodeOf(error) !== 'EINVAL') throw error;
  }
  throw gone(`process ${pid}`);
}
