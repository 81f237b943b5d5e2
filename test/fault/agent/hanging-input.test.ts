import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl, type RunningCtl } from '../../support/ctl';
import { HangingFileSystem } from '../../support/hanging-file-system';
import { describeOnHost, realContainers } from '../../support/requires';

/** More than a pipe has room for, so that it is under way when its reader hangs. */
const much = Array.from({ length: 50_000 }, (_, index) => `${String(index + 1)}\n`).join('');

// pipe_read in fs/pipe.c copies with the pipe's lock, and waits with it for a page of a mapped file: whoever touches the pipe waits too.
describeOnHost('a program that hangs while it reads what is typed', [...realContainers, 'fuse'], () => {
  let agent: AgentHost;
  let ctl: Ctl;
  let hanging: HangingFileSystem;
  beforeEach(async () => {
    agent = new AgentHost();
    hanging = await HangingFileSystem.withFile(agent.host.own('disk'));
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    await hanging.close();
    ctl.close();
    await agent.cleanUp();
  });

  const startFg = (short: string, text: string): RunningCtl => {
    const fg = ctl.start('fg', agent.name(short));
    fg.send(text);
    return fg;
  };
  const leave = async (fg: RunningCtl): Promise<void> => {
    fg.kill('SIGINT');
    expect((await fg.ended).status).toBe(0);
  };
  const expectOther = async (said: string): Promise<void> => {
    const fg = startFg('cat', `${much}${said}\n`);
    await fg.printed(`\n${said}\n`);
    await leave(fg);
  };

  test('costs others none of what is typed into them, nor who types their way out', async () => {
    const read = `import mmap, os; os.readv(0, [mmap.mmap(os.open("${hanging.file}", os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE)])`;
    agent.define('stuck', [`command = ["python3", "-c", '${read}']`, 'stdin = "open"']);
    agent.define('cat', ['command = "cat"', 'stdin = "open"']);
    await agent.startDaemon();
    await Promise.all(['stuck', 'cat'].map((short) => agent.untilState(short, State.RUNNING)));
    const typing = startFg('stuck', much);
    await hanging.untilRead();
    const joining = startFg('stuck', 'more\n');
    await expectOther('said-1');
    await leave(joining);
    await leave(typing);
    await expectOther('said-2');
    expect((await agent.look('stuck')).state).toBe(State.RUNNING);
  });
});
