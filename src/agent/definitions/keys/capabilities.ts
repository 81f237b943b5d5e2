import { nearNames } from '../../../runtime/text/near';
import type { TableReader } from '../table-reader';

/** capabilities(7). */
const known = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE',
  'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT',
  'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL',
  'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
];

/** `"all"`, or a list of names with or without `CAP_`; as names with it. Undefined where nothing is said. */
export function readCapabilities(table: TableReader): readonly string[] | undefined {
  if (table.table['capabilities'] === 'all') {
    table.raw('capabilities');
    return known.map((name) => `CAP_${name}`);
  }
  const names = table.texts('capabilities')?.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  for (const name of names ?? []) {
    if (known.includes(name)) continue;
    const [near] = nearNames(name, known);
    table.complain('bad-value', 'capabilities', `${table.name}: capabilities: unknown capability ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`);
  }
  return names?.map((name) => `CAP_${name}`);
}
