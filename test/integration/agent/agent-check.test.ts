import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';

import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

describeOnHost('check and import, which want no daemon', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  beforeEach(() => {
    host = new TestHost();
    ctl = new Ctl(host);
    mkdirSync(host.own('programs'));
  });
  afterEach(async () => {
    ctl.close();
    await host.cleanUp();
  });

  test('check counts what is right, and tells of each thing that is wrong with its place', async () => {
    const path = host.own('programs/web.toml');
    writeFileSync(path, '[program.web]\ncommand = "a"\n[program.db]\ncommand = "b"\n');
    expect(await ctl.run('check', path)).toEqual({ status: 0, stdout: '1 file, 2 programs, no error\n', stderr: '' });
    writeFileSync(host.own('more.toml'), '[program.more]\ncommand = "a"\n');
    // A directory stands for its files.
    expect(await ctl.run('check', host.own('programs'), host.own('more.toml'))).toEqual({ status: 0, stdout: '2 files, 3 programs, no error\n', stderr: '' });
    writeFileSync(path, '[program.web]\ncommand = "a"\nstartsecz = 4\n[program.db]\ncommand = "b"\n');
    expect(await ctl.run('check', path)).toEqual({
      status: 1, stdout: `ERROR: ${path}:3:1: unknown key "startsecz" in program.web; did you mean "startsecs"?\n1 file, 1 program, 1 error\n`, stderr: '',
    });
    expect((await ctl.run('check', host.own('none.toml'))).stdout).toMatch(/^ERROR: .*\/none\.toml: cannot be read: ENOENT.*\n1 file, 0 programs, 1 error\n$/);
    // What cannot even be looked at keeps nobody from hearing of the others.
    symlinkSync('loop.toml', host.own('loop.toml'));
    expect(await ctl.run('check', host.own('loop.toml'), `${path}/x`, path)).toEqual({
      status: 1, stderr: '', stdout: expect.stringMatching(/^ERROR: .*\/loop\.toml: cannot be read: ELOOP.*\nERROR: .*\/web\.toml:3:1: unknown key .*\nERROR: .*\/web\.toml\/x: cannot be read: ENOTDIR.*\n3 files, 1 program, 3 errors\n$/) as string,
    });
  });

  test('import writes what passes check, and overwrites nothing', async () => {
    const conf = host.own('supervisord.conf');
    const output = host.own('imported');
    writeFileSync(conf, '[program:web]\ncommand=/bin/sleep 1000%(process_num)d\nprocess_name=web_%(process_num)d\nnumprocs=2\nstdout_syslog=true\n');
    expect((await ctl.run('import', conf, '-o', output)).stdout).toBe('[program:web] → web.toml\n[program:web] stdout_syslog: not supported, dropped\n');
    expect(readdirSync(output)).toEqual(['web.toml']);
    expect((await ctl.run('check', `${output}/web.toml`)).status).toBe(0);
    expect(await ctl.run('import', conf, '-o', output)).toMatchObject({ status: 1, stdout: '' });
  });

  test('import says which file it cannot read, and which two would be one, and writes nothing then', async () => {
    const conf = host.own('supervisord.conf');
    const refused = async (text: string): Promise<string> => {
      writeFileSync(conf, text);
      const { status, stdout, stderr } = await ctl.run('import', conf, '-o', host.own('imported'));
      expect({ status, stdout, isThere: existsSync(host.own('imported')) }).toEqual({ status: 1, stdout: '', isThere: false });
      return stderr;
    };
    expect(await refused('[include]\nfiles=program?\n[program:web]\ncommand=true\n')).toMatch(/^holdfastctl: \/.*\/programs: cannot be read: EISDIR: .*\n$/);
    expect(await refused('[program:a+b]\ncommand=true\n[program:a-b]\ncommand=false\n')).toBe('holdfastctl: [program:a+b] and [program:a-b] would both be a-b here: rename one of them\n');
  });
});
