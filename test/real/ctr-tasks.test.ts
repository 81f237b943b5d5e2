import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { processesNaming, processOf, waitForExit } from '../support/processes';
import { Side } from './support/side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

/** ctr tells the size after the start. */
const sized = 'while [ "$(stty size 2>/dev/null)" != "40 100" ]; do sleep 0.05; done; stty size';

describeReal('ctr: tasks', () => {
  const sides = new SideBySide((name) => new Side(name));
  const same = sides.same.bind(sides);

  same('run: output, exit status, --rm', async (side) => {
    const { stdout, stderr, code } = await side.run(['--rm'], 'r1', '/bin/sh', '-c', 'echo out; echo err >&2; exit 3');
    expect({ stdout, stderr, code }).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 3 });
    await side.ctr('containers', 'ls', '-q');
    await side.ctr('task', 'ls');
  });

  same('run without --rm keeps the container', async (side) => {
    await side.run([], 'r1', '/bin/true');
    await side.ctr('task', 'ls');
    await side.ctr('containers', 'ls', '-q');
    await side.ctr('containers', 'rm', 'r1');
  });

  same('run: standard input, and much output', async (side) => {
    const cat = side.ctrBeside('run', '--rm', '--rootfs', side.rootfs, 'r1', '/bin/sh', '-c', 'cat; echo end');
    cat.write('one\ntwo\n');
    // ctr passes an end on only if it comes once the task runs.
    await cat.until((said) => said.includes('two'), 'what was written');
    cat.endInput();
    side.note((await cat.outcome()).stdout);
    const { stdout } = await side.quietly({}, 'run', '--rm', '--rootfs', side.rootfs, 'r2', '/bin/seq', '1', '200000');
    expect(stdout.length).toBe(1_288_895);
  });

  same('run with a terminal', async (side) => {
    const terminal = side.ctrInTerminal('run', '--rm', '--tty', '--rootfs', side.rootfs, 'r1', '/bin/sh', '-c', `${sized}; read line; echo "got $line"; tty; exit 4`);
    await terminal.until((said) => said.includes('40 100'), 'the size of the terminal');
    terminal.write('hello\n');
    const { stdout, code } = await terminal.outcome();
    side.note(stdout);
    expect(stdout).toContain('got hello');
    expect(stdout).toContain('/dev/pts/0');
    expect(code).toBe(4);
  });

  same('runs that fail: no program, no permission, no directory, a task that is there', async (side) => {
    writeFileSync(`${side.rootfs}/not-executable`, '#!/bin/sh\n', { mode: 0o644 });
    await side.run(['--rm'], 'f1', '/bin/nonesuch');
    await side.run(['--rm'], 'f2', '/not-executable');
    await side.run(['--rm', '--cwd', '/nonesuch/below'], 'f3', '/bin/true');
    await side.ctr('run', '--rm', '--rootfs', '/nonesuch', 'f4', '/bin/true');
    await side.run([], 'f5', '/bin/nonesuch');
    await side.ctr('task', 'ls');
    await side.ctr('containers', 'ls', '-q');
    await side.ctr('containers', 'rm', 'f5');
    await side.run(['--rm', '--runtime', 'io.containerd.nosuch.v1'], 'f6', '/bin/true');
    await side.run(['--rm', '--runtime', 'foo'], 'f7', '/bin/true');
    await side.run(['--rm', '--runc-binary', 'nonesuch'], 'f8', '/bin/true');
    await side.run(['--rm', '--runc-binary', '/nonexistent/runtime'], 'f9', '/bin/true');
  });

  same('detached: list, ps, exec, metrics, kill, delete', async (side) => {
    await side.run(['-d'], 't1', '/bin/sleep', '1000');
    await side.ctr('task', 'ls');
    await side.ctr('task', 'ls', '-q');
    await side.ctr('task', 'ps', 't1');
    const exec = await side.ctr('task', 'exec', '--exec-id', 'e1', 't1', '/bin/sh', '-c', 'echo out; echo err >&2; exit 7');
    expect(exec).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 7 });
    const metrics = await side.quietly({}, 'task', 'metrics', 't1');
    side.note(metrics.stdout.replace(/^(\S+ +).*$/gm, '$1'));
    await side.ctr('task', 'rm', 't1');
    await side.ctr('containers', 'rm', 't1');
    await side.run(['-d'], 't1', '/bin/true');
    await side.ctr('task', 'start', '-d', 't1');
    await side.ctr('task', 'kill', '-s', 'SIGKILL', 't1');
    await side.untilTask('t1', 'STOPPED');
    await side.ctr('task', 'ls');
    await side.ctr('task', 'kill', 't1');
    await side.ctr('task', 'exec', '--exec-id', 'e2', 't1', '/bin/true');
    await side.ctr('task', 'pause', 't1');
    await side.ctr('task', 'resume', 't1');
    await side.ctr('task', 'ps', 't1');
    await side.ctr('task', 'rm', 't1');
    await side.ctr('task', 'rm', 't1');
    await side.ctr('containers', 'rm', 't1');
  });

  same('what is asked of a task that is not there', async (side) => {
    await side.ctr('containers', 'create', '--rootfs', side.rootfs, 'n1', '/bin/true');
    for (const id of ['n1', 'nope']) {
      await side.ctr('task', 'ps', id);
      await side.ctr('task', 'kill', id);
      await side.ctr('task', 'pause', id);
      await side.ctr('task', 'resume', id);
      await side.ctr('task', 'metrics', id);
      await side.ctr('task', 'exec', '--exec-id', 'e1', id, '/bin/true');
      await side.ctr('task', 'rm', id);
      await side.ctr('task', 'attach', id);
    }
    await side.ctr('task', 'start', '-d', 'nope');
    await side.ctr('containers', 'rm', 'n1');
  });

  same('create and start of a container, again after its end', async (side) => {
    // It goes on for a moment: at the end of a task ctr itself leaves behind what it has not read yet.
    writeFileSync(`${side.rootfs}/say`, '#!/bin/sh\necho started\nsleep 0.5\n', { mode: 0o755 });
    await side.ctr('containers', 'create', '--rootfs', side.rootfs, 's1', '/say');
    await side.ctr('task', 'start', 's1');
    await side.ctr('task', 'start', 's1');
    await side.ctr('containers', 'rm', 's1');
  });

  same('pause and resume', async (side) => {
    await side.run(['-d'], 'p1', '/bin/sleep', '1000');
    await side.ctr('task', 'resume', 'p1');
    await side.ctr('task', 'pause', 'p1');
    await side.ctr('task', 'ls');
    await side.ctr('task', 'pause', 'p1');
    await side.ctr('task', 'exec', '--exec-id', 'e1', 'p1', '/bin/true');
    await side.ctr('task', 'ps', 'p1');
    await side.ctr('task', 'rm', 'p1');
    await side.ctr('task', 'resume', 'p1');
    await side.ctr('task', 'ls');
    await side.ctr('task', 'rm', '--force', 'p1');
    await side.ctr('task', 'ls');
    await side.ctr('containers', 'rm', 'p1');
  });

  same('kill: signals by name and number, one process or all', async (side) => {
    const trap = 'trap "echo term; exit 5" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.1; done';
    const attached = side.ctrBeside('run', '--rm', '--rootfs', side.rootfs, 'k1', '/bin/sh', '-c', trap);
    await attached.until((said) => said.includes('ready'), 'the shell');
    await side.ctr('task', 'kill', '-s', 'USR1', 'k1');
    await attached.until((said) => said.includes('usr1'), 'its word on SIGUSR1');
    await side.ctr('task', 'kill', '-s', 'nonsense', 'k1');
    await side.ctr('task', 'kill', '--exec-id', 'nope', 'k1');
    await side.ctr('task', 'kill', 'k1');
    const { stdout, code } = await attached.outcome();
    side.note(`${stdout}exit status ${String(code)}`);
    await side.run(['-d'], 'k2', '/bin/sh', '-c', 'sleep 1000 & sleep 1001 & wait');
    await until('three processes', async () => (await side.quietly({}, 'task', 'ps', 'k2')).stdout.split('\n').length, (lines) => lines === 5);
    await side.ctr('task', 'kill', '--all', '-s', '9', 'k2');
    await side.untilTask('k2', 'STOPPED');
    await side.ctr('task', 'rm', 'k2');
    await side.ctr('containers', 'rm', 'k2');
  });

  same('exec: terminal, input, user, directory, detached, failures', async (side) => {
    await side.run(['-d'], 'x1', '/bin/sleep', '1000');
    const terminal = side.ctrInTerminal('task', 'exec', '--tty', '--exec-id', 'tty', 'x1', '/bin/sh', '-c', `${sized}; read line; echo "got $line"; exit 6`);
    await terminal.until((said) => said.includes('40 100'), 'the size of the terminal');
    terminal.write('hello\n');
    const { stdout, code } = await terminal.outcome();
    side.note(`${stdout}exit status ${String(code)}`);
    const cat = side.ctrBeside('task', 'exec', '--exec-id', 'cat', 'x1', '/bin/cat');
    cat.write('in\n');
    await cat.until((said) => said.includes('in'), 'what was written');
    cat.endInput();
    side.note((await cat.outcome()).stdout);
    await side.ctr('task', 'exec', '--exec-id', 'user', '--user', '1000:1000', '--cwd', '/tmp', 'x1', '/bin/sh', '-c', 'id -u; pwd');
    await side.ctr('task', 'exec', '--exec-id', 'none', 'x1', '/bin/nonesuch');
    await side.ctr('task', 'exec', '--exec-id', 'b d', 'x1', '/bin/true');
    await side.ctr('task', 'exec', 'x1', '/bin/true');
    // A client that does not wait leaves its FIFOs.
    await side.ctr('task', 'exec', '-d', '--fifo-dir', side.place.path('fifos'), '--exec-id', 'bg', 'x1', '/bin/sleep', '1000');
    await side.ctr('task', 'exec', '--exec-id', 'bg', 'x1', '/bin/true');
    const { stdout: ps } = await side.quietly({}, 'task', 'ps', 'x1');
    side.note(ps.replace(/^\d+/gm, '<pid>'));
    expect(ps).toContain('bg');
    await side.ctr('task', 'kill', '--exec-id', 'bg', '-s', '9', 'x1');
    await side.ctr('task', 'exec', '--exec-id', 'killed', 'x1', '/bin/sh', '-c', 'kill -9 $$');
    await side.ctr('task', 'rm', '--force', 'x1');
    await side.ctr('containers', 'rm', 'x1');
  });

  same('attach: output of a task that runs, and its exit status', async (side) => {
    // It goes on for a moment: at the end of a task ctr itself leaves behind what it has not read yet.
    const script = 'while [ ! -e /tmp/go ]; do sleep 0.1; done; echo attached; sleep 0.5; exit 9';
    const first = side.ctrBeside('run', '--rootfs', side.rootfs, 'a1', '/bin/sh', '-c', script);
    await side.untilTask('a1', 'RUNNING');
    first.kill();
    await first.ended;
    const second = side.ctrBeside('task', 'attach', 'a1');
    // It does not say when it is: until it shows what is written there.
    let ticks = 0;
    await until('the client to be attached', async () => {
      ticks += 1;
      await side.quietly({}, 'task', 'exec', '--exec-id', `tick${String(ticks)}`, 'a1', '/bin/sh', '-c', 'echo tick >/proc/1/fd/1');
      return second.stdout;
    }, (said) => said.includes('tick'));
    await side.ctr('task', 'exec', '--exec-id', 'go', 'a1', '/bin/touch', '/tmp/go');
    const { stdout, code } = await second.outcome();
    side.note(`${stdout.replaceAll('tick\n', '')}exit status ${String(code)}`);
    // It deletes the task at its end.
    await side.ctr('task', 'rm', 'a1');
    await side.ctr('containers', 'rm', 'a1');
  });

  same('standard input: who holds it open, a client that is killed, the end by CloseIO', async (side) => {
    const first = side.ctrBeside('run', '--fifo-dir', side.place.path('fifos'), '--rootfs', side.rootfs, 'i1', '/bin/sh', '-c', 'while read line; do echo "got $line"; done; echo end; exit 3');
    first.write('one\n');
    await first.until((said) => said.includes('got one'), 'an answer');
    first.kill();
    await first.ended;
    // Nobody has closed it: the task waits for more.
    await side.ctr('task', 'ls');
    const second = side.ctrBeside('task', 'attach', 'i1');
    second.write('two\n');
    await second.until((said) => said.includes('got two'), 'an answer');
    await side.ctr('task', 'kill', '-s', '9', 'i1');
    second.endInput();
    await second.outcome();
    await side.ctr('task', 'rm', 'i1');
    await side.ctr('containers', 'rm', 'i1');
  });

  same('log as a file, log by a program, no output, pid file, FIFO directory', async (side) => {
    const log = side.place.path('logs', 'of-l1');
    await side.run(['-d', '--log-uri', `file://${log}`], 'l1', '/bin/sh', '-c', 'echo to file; echo err >&2');
    await side.untilTask('l1', 'STOPPED');
    await until('the log', () => (existsSync(log) ? readFileSync(log, 'utf8') : ''), (text) => text.split('\n').length === 3);
    // Debian's copies each stream by itself; ours has both in one FIFO, in order.
    side.note(readFileSync(log, 'utf8').trimEnd().split('\n').sort().join('\n'));
    await side.ctr('task', 'rm', 'l1');

    const logger = side.place.path('logger');
    const said = side.place.path('said');
    writeFileSync(logger, `#!/bin/sh\nexec 5>&-\n{ echo "$CONTAINER_NAMESPACE $CONTAINER_ID $*"; cat <&3 & cat <&4; } >${said}\n`, { mode: 0o755 });
    await side.run(['-d', '--log-uri', `binary://${logger}?key=two%20words`], 'l2', '/bin/sh', '-c', 'echo to program; echo err >&2');
    await side.untilTask('l2', 'STOPPED');
    const logged = await until('the log', () => (existsSync(said) ? readFileSync(said, 'utf8') : ''), (text) => text.split('\n').length === 4);
    // Two streams, in any order.
    side.note(logged.trimEnd().split('\n').sort().join('\n'));
    await side.ctr('task', 'rm', 'l2');
    await until('the end of the logger', () => processesNaming(logger).length, (count) => count === 0);

    await side.run(['-d', '--log-uri', 'zz://x'], 'l3', '/bin/true');
    await side.run(['--rm', '--null-io'], 'l4', '/bin/echo', 'to nobody');
    mkdirSync(side.place.path('own-fifos'));
    await side.run(['--rm', '--fifo-dir', side.place.path('own-fifos')], 'l5', '/bin/echo', 'own FIFOs');
    const pidFile = side.place.path('pid-file');
    await side.run(['-d', '--pid-file', pidFile], 'l6', '/bin/sleep', '1000');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    // The runtime's start answers a moment before the program is executed.
    await until('the program', () => processOf(pid)?.commandLine, (commandLine) => commandLine === '/bin/sleep 1000');
    await side.ctr('task', 'rm', '--force', 'l6');
    await waitForExit(pid);
    for (const id of ['l1', 'l2', 'l3', 'l6']) await side.ctr('containers', 'rm', id);
  });

  same('logs of execs, and loggers that are not there', async (side) => {
    const logger = side.place.path('logger');
    const place = side.place.path('logged');
    mkdirSync(place);
    const script = 'exec 5>&-; { echo "$CONTAINER_NAMESPACE $CONTAINER_ID"; cat <&3 & cat <&4; wait; echo end; } >"$2"';
    writeFileSync(logger, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await side.run(['-d'], 'b1', '/bin/sleep', '1000');
    await side.ctr('task', 'exec', '--detach', '--exec-id', 'e1', '--log-uri', `binary://${logger}?to=${place}/e1`, 'b1', '/bin/sh', '-c', 'echo out; sleep 0.5');
    // The logger is ready before it makes its file.
    side.note(await until('its output', () => (existsSync(`${place}/e1`) ? readFileSync(`${place}/e1`, 'utf8') : ''), (text) => text.includes('out')));
    await side.ctr('task', 'exec', '--detach', '--exec-id', 'e2', '--log-uri', `file://${place}/below/e2`, 'b1', '/bin/echo', 'out');
    // Of an exec's two outputs the original may lose one there.
    side.note(await until('its output', () => (existsSync(`${place}/below/e2`) ? readFileSync(`${place}/below/e2`, 'utf8') : ''), (text) => text.includes('out')));
    // The original says it as a list of one, in lines of its own.
    const reason = ({ stderr, code }: { readonly stderr: string; readonly code: number | null }) => {
      side.note(`exit status ${String(code)}: ${/fork\/exec .*directory/.exec(stderr)?.[0] ?? stderr}`);
    };
    reason(await side.quietly({}, 'task', 'exec', '--detach', '--exec-id', 'e3', '--log-uri', 'binary:///nonexistent/logger', 'b1', '/bin/true'));
    await side.ctr('task', 'rm', '--force', 'b1');
    reason(await side.quietly({}, 'run', '-d', '--log-uri', 'binary:///nonexistent/logger', '--rootfs', side.rootfs, 'b2', '/bin/true'));
    for (const id of ['b1', 'b2']) await side.ctr('containers', 'rm', id);
  });

  same('mounts, memory limit, environment, read-only, privileged, own cgroup', async (side) => {
    writeFileSync(side.place.path('host-file'), 'from the host\n');
    await side.run(['--rm', '--mount', `type=bind,src=${side.place.path('host-file')},dst=/etc/file,options=rbind:ro`], 'm1', '/bin/cat', '/etc/file');
    await side.run(['--rm', '--memory-limit', '33554432'], 'm2', '/bin/sh', '-c', 'echo $$');
    await side.run(['--rm', '--env', 'A=b c', '--cwd', '/tmp'], 'm3', '/bin/sh', '-c', 'echo "$A"; pwd');
    await side.run(['--rm', '--read-only'], 'm4', '/bin/touch', '/tmp/x');
    await side.run(['--rm', '--privileged', '--net-host'], 'm5', '/bin/sh', '-c', 'ls /dev/null');
    await side.run(['--rm', '--cgroup', `${side.place.cgroup}/other`], 'm6', '/bin/sh', '-c', 'grep -o /hfr.*/other /proc/self/cgroup | sort -u');
    await side.run(['--rm', '--runc-root', side.place.path('runc')], 'm7', '/bin/echo', 'own root');
  });
});
