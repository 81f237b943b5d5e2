import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupIdOf } from '../../../src/daemon/group';

test('a group is found by name or number', () => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-group-'));
  const file = join(dir, 'group');
  writeFileSync(file, 'root:x:0:\nbroken\ndocker:x:998:alice,bob\n');
  expect(groupIdOf('docker', file)).toBe(998);
  expect(groupIdOf('root', file)).toBe(0);
  expect(groupIdOf('1234', file)).toBe(1234);
  expect(() => groupIdOf('nobody-here', file)).toThrow(/socket-group "nobody-here": .*no such group/);
  rmSync(dir, { recursive: true });
});
