import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../src/daemon/log';
import { LogOutput } from '../../../src/daemon/log-output';
import { LOG_LEVELS } from '../../../src/daemon/setting-values';

const { O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK, O_CREAT } = constants;

let dir: string;
const openFds: number[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
});
afterEach(() => {
  for (const fd of openFds.splice(0)) closeSync(fd);
  rmSync(dir, { recursive: true });
});

function opened(path: string, flags: number): number {
  const fd = openSync(path, flags, 0o600);
  openFds.push(fd);
  return fd;
}

function makeFifo(): string {
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Everything that the FIFO holds now. */
function drain(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  for (;;) {
    try {
      const count = readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return text;
      text += buffer.toString('utf8', 0, count);
    } catch {
      return text;
    }
  }
}

function linesOf(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('createLogger', () => {
  test('writes JSON lines with level and time in words, and the id of a container', () => {
    const path = join(dir, 'log');
    const logger = createLogger('info', new LogOutput(opened(path, O_WRONLY | O_CREAT)));
    logger.debug('not this');
    logger.warn({ id: 'c1', error: new Error('broken') }, 'hello');
    const [line, ...others] = linesOf(readFileSync(path, 'utf8'));
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 'warn', id: 'c1', msg: 'hello', error: { message: 'broken' } });
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(line).not.toHaveProperty('pid');
  });

  test('an error says what caused it, and nothing twice', () => {
    const path = join(dir, 'log');
    const logger = createLogger('warn', new LogOutput(opened(path, O_WRONLY | O_CREAT)));
    const inner = new Error('no such file');
    const outer = new Error('config.json', { cause: inner });
    logger.warn({ err: outer }, 'x');
    logger.error({ err: outer }, 'x');
    logger.warn({ err: new Error('bundle: config.json: no such file', { cause: outer }) }, 'x');
    const said = linesOf(readFileSync(path, 'utf8')).map((line) => (line['err'] as { message: string }).message);
    expect(said).toEqual(['config.json: no such file', 'config.json: no such file', 'bundle: config.json: no such file']);
  });

  test.each(LOG_LEVELS)('level %s shows what is as bad or worse', (level) => {
    const path = join(dir, 'log');
    const logger = createLogger(level, new LogOutput(opened(path, O_WRONLY | O_CREAT)));
    const names = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
    for (const name of names) logger[name]('x');
    const from = level === 'panic' ? 'fatal' : level;
    expect(linesOf(readFileSync(path, 'utf8')).map((line) => line['level'])).toEqual(names.slice(names.indexOf(from)));
  });
});

describe('a pipe', () => {
  test('has the line when the call returns, and its descriptor still blocks', () => {
    const path = makeFifo();
    const readFd = opened(path, O_RDONLY | O_NONBLOCK);
    const writeFd = opened(path, O_WRONLY);
    const output = new LogOutput(writeFd);
    output.write('one\n');
    output.write('two\n');
    expect(drain(readFd)).toBe('one\ntwo\n');
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${writeFd}`, 'utf8'))?.[1] ?? '';
    expect(parseInt(flags, 8) & O_NONBLOCK).toBe(0);
  });

  test('that is full holds nobody up; lines wait, and past the bound are lost and counted', async () => {
    const path = makeFifo();
    const readFd = opened(path, O_RDWR | O_NONBLOCK);
    const output = new LogOutput(opened(path, O_WRONLY));
    const lost = new Promise<number>((resolve) => (output.onLost = resolve));
    const total = 3_000;
    for (let i = 0; i < total; i += 1) output.write(`${String(i).padEnd(999, '.')}\n`);
    let text = '';
    let lostLines: number | undefined;
    void lost.then((lines) => (lostLines = lines));
    while (lostLines === undefined) {
      text += drain(readFd);
      // The rest comes as the event loop finds room.
      await new Promise((resolve) => setImmediate(resolve));
    }
    text += drain(readFd);
    const numbers = text.split('\n').slice(0, -1).map((line) => parseInt(line, 10));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeGreaterThan(1_000);
    expect(lostLines).toBe(total - numbers.length);
  });

  test('whose reader has gone loses lines, until there is another', async () => {
    const path = makeFifo();
    const firstFd = openSync(path, O_RDONLY | O_NONBLOCK);
    const writeFd = opened(path, O_WRONLY);
    const output = new LogOutput(writeFd);
    const lost = new Promise<number>((resolve) => (output.onLost = resolve));
    output.write('one\n');
    expect(drain(firstFd)).toBe('one\n');
    closeSync(firstFd);
    output.write('lost\n');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    output.write('lost\n');
    const secondFd = opened(path, O_RDONLY | O_NONBLOCK);
    output.write('two\n');
    expect(drain(secondFd)).toBe('two\n');
    expect(await lost).toBe(2);
  });
});

test('a full disk loses lines', () => {
  const output = new LogOutput(opened('/dev/full', O_WRONLY));
  expect(() => output.write('one\n')).not.toThrow();
});

describe('the stderr of a process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Logs `count` lines of a kilobyte, says `done` on stdout and waits; stdin ends it. */
  function start(count: number, stderr: 'pipe' | number): ChildProcess {
    const bundle = join(dir, 'log.js');
    const root = join(__dirname, '../../..');
    execFileSync(join(root, 'node_modules/.bin/esbuild'), [
      join(root, 'src/daemon/log.ts'),
      '--bundle',
      '--platform=node',
      `--outfile=${bundle}`,
      '--log-level=warning',
    ]);
    const script = `
      const { createLogger } = require(${JSON.stringify(bundle)});
      const logger = createLogger('info');
      const log = () => { for (let i = 0; i < ${count}; i += 1) logger.info({ pad: 'x'.repeat(1000) }, 'line'); };
      log();
      setImmediate(() => { log(); process.stdout.write('done'); });
      process.stdin.on('data', () => undefined).on('end', () => process.exit(7));`;
    return spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', stderr] });
  }

  async function expectAlive(process: ChildProcess): Promise<void> {
    if (process.stdout === null) throw new Error('no stdout');
    const [text] = (await once(process.stdout, 'data')) as [Buffer];
    expect(text.toString()).toBe('done');
    process.stdin?.end();
    expect(await once(process, 'exit')).toEqual([7, null]);
  }

  // What Node calls a pipe is a socket pair, as journald's is.
  test('a socket that nobody reads holds nobody up', async () => {
    child = start(5_000, 'pipe');
    await expectAlive(child);
  });

  test('a socket whose other side has gone kills nobody', async () => {
    child = start(10, 'pipe');
    child.stderr?.destroy();
    await expectAlive(child);
  });

  test('a pipe whose reader has gone kills nobody', async () => {
    const path = makeFifo();
    const readFd = openSync(path, O_RDONLY | O_NONBLOCK);
    const writeFd = opened(path, O_WRONLY);
    closeSync(readFd);
    child = start(10, writeFd);
    await expectAlive(child);
  });

  test('a pipe that nobody reads holds nobody up', async () => {
    const path = makeFifo();
    opened(path, O_RDWR);
    child = start(5_000, opened(path, O_WRONLY));
    await expectAlive(child);
  });
});
