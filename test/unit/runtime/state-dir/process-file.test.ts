import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';


import { execProcessSpec } from '../../../../src/runtime/bundle/exec-spec';
import { type ProcessRecord, readProcessRecord, writeProcessRecord } from '../../../../src/runtime/state-dir/process-file';
import { fc } from '../../../support/property';
import { thrownBy, useScratch } from '../scratch';

const record: ProcessRecord = {
  spec: execProcessSpec({
    terminal: true,
    user: { uid: 1000, gid: 1000, additionalGids: [5] },
    args: ['sh', '-c', 'exit 3'],
    env: ['PATH=/bin'],
    cwd: '/',
    capabilities: ['CAP_KILL'],
    apparmorProfile: 'docker-default',
    selinuxLabel: '',
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_CORE', soft: 0n, hard: 18446744073709551615n }],
  }),
  exec: true,
  stdin: '/run/in',
  stdout: '/run/out',
  stderr: '',
  runtimeArgs: [],
  noPivotRoot: false,
  checkpoint: '',
  rootUid: 0,
  rootGid: 0,
};

const capabilities =
  '{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"inheritable":["CAP_KILL"],"permitted":["CAP_KILL"]}';
const instructions =
  '"exec":true,"containerdStdin":"/run/in","containerdStdout":"/run/out","containerdStderr":"","runtimeArgs":null,' +
  '"noPivotRoot":false,"checkpoint":"","rootUID":0,"rootGID":0';

describe('process.json', () => {
  const scratch = useScratch();
  const path = (): string => join(scratch(), 'process.json');

  test('holds the OCI process and the shim’s instructions in one object', () => {
    writeProcessRecord(scratch(), record);
    expect(readFileSync(path(), 'utf8').trimEnd()).toBe(
      '{"terminal":true,"user":{"uid":1000,"gid":1000,"additionalGids":[5]},"args":["sh","-c","exit 3"],"env":["PATH=/bin"],' +
        `"cwd":"/","capabilities":${capabilities},"rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}],` +
        `"noNewPrivileges":true,"apparmorProfile":"docker-default",${instructions}}`,
    );
  });

  test('is read back', () => {
    const full = { ...record, runtimeArgs: ['--systemd-cgroup'], noPivotRoot: true, checkpoint: '/c', rootUid: 100000, rootGid: 7 };
    writeProcessRecord(scratch(), full);
    expect(readProcessRecord(scratch())).toEqual({
      ...full,
      spec: { ...full.spec, rlimits: [{ type: 'RLIMIT_CORE', hard: 18446744073709551615n, soft: 0 }] },
    });
  });

  test('the original’s is read, its old forms lifted', () => {
    writeFileSync(
      path(),
      '{"user":{},"args":["sh"],"cwd":"/","capabilities":["CAP_KILL"],"rlimits":null,"exec":false,"containerdStdin":"/i",' +
        '"containerdStdout":"/o","containerdStderr":"/e","runtimeArgs":null,"noPivotRoot":false,"checkpoint":""}\n',
    );
    expect(readProcessRecord(scratch())).toEqual({
      spec: { user: { uid: 0, gid: 0 }, args: ['sh'], cwd: '/', capabilities: JSON.parse(capabilities) as unknown },
      exec: false, stdin: '/i', stdout: '/o', stderr: '/e', runtimeArgs: [], noPivotRoot: false, checkpoint: '', rootUid: 0,
      rootGid: 0,
    });
  });

  test('unknown members and their numbers are kept; one named like an instruction is not taken for it', () => {
    const spec = { ...record.spec, later: { much: 12345678901234567890n }, exec: 'not this' };
    writeProcessRecord(scratch(), { ...record, spec });
    const back = readProcessRecord(scratch());
    expect(back.spec['later']).toEqual({ much: 12345678901234567890n });
    expect(back.spec).not.toHaveProperty('exec');
    expect(back.exec).toBe(true);
  });

  test.each([
    ['user', { uid: -1, gid: 0 }, /user\.uid: expected an integer from 0 to 4294967295, found the number -1/],
    ['user', 'root', /user: expected an object, found a string/],
    ['user', { uid: 0, gid: 0, additionalGids: ['x'] }, /user\.additionalGids: expected a list of integers/],
    ['args', 'sh', /args: expected a list of strings/],
    ['args', undefined, /args: expected a list of strings, found nothing/],
    ['env', [1], /env: expected a list of strings/],
    ['cwd', 4, /cwd: expected a string/],
    ['terminal', 'yes', /terminal: expected true or false/],
    ['capabilities', { bounding: 'all' }, /capabilities\.bounding: expected a list of strings/],
    ['rlimits', [{ type: 'RLIMIT_CORE', soft: -1, hard: 0 }], /rlimits\[0\]\.soft: expected an integer from 0 to 18446744073709551615/],
    ['rlimits', [3], /rlimits\[0\]: expected an object, found the number 3/],
    ['oomScoreAdj', 1001, /oomScoreAdj: expected an integer from -1000 to 1000/],
    ['exec', 'true', /exec: expected true or false/],
    ['containerdStdin', '/a\0b', /containerdStdin: the path holds a NUL byte/],
    ['rootUID', 1.5, /rootUID: expected an integer/],
  ])('%s as %j is named', (member, value, message) => {
    writeProcessRecord(scratch(), record);
    const content = JSON.parse(readFileSync(path(), 'utf8').replace('18446744073709551615', '1')) as object;
    writeFileSync(path(), JSON.stringify({ ...content, [member]: value }));
    const error = thrownBy(() => readProcessRecord(scratch()));
    expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining(path()) as string });
    expect(error.message).toMatch(message);
  });

  test('a FIFO in its place does not hold a restart up', () => {
    execFileSync('mkfifo', [path()]);
    expect(thrownBy(() => readProcessRecord(scratch())).message).toMatch(/not a regular file/);
  });

  test('any bytes give a record or an error of one line', () => {
    writeProcessRecord(scratch(), record);
    const whole = readFileSync(path());
    const damage = fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const content = Buffer.from(whole);
        for (const { at, byte } of changes) content[at] = byte;
        writeFileSync(path(), content.subarray(0, length));
        try {
          readProcessRecord(scratch());
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-file' });
          expect((error as Error).message).not.toMatch(/\n/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
