import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino, type Logger } from 'pino';
import { GraphiteSender, graphiteText } from '../../../../src/daemon/metrics/graphite';
import { logMetrics } from '../../../../src/daemon/metrics/interval-log';
import { Metrics } from '../../../../src/daemon/metrics/metrics';

interface Line {
  readonly level: number;
  readonly msg: string;
}

/** A logger whose lines a test can wait for. */
class Lines {
  readonly all: Line[] = [];
  readonly logger: Logger = pino({ level: 'debug' }, { write: (line) => this.#add(JSON.parse(line) as Line) });
  #wake: () => void = () => undefined;

  async next(matching: RegExp): Promise<Line> {
    for (;;) {
      const index = this.all.findIndex((line) => matching.test(line.msg));
      const [found] = index < 0 ? [] : this.all.splice(index, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #add(line: Line): void {
    this.all.push(line);
    this.#wake();
  }
}

/** A server that has not taken the figures by then is given up: longer than a busy machine may leave this process waiting. */
const intervalMs = 250;

const closeables: { close(): unknown }[] = [];
afterEach(() => {
  for (const closeable of closeables.splice(0)) closeable.close();
});

async function listen(port = 0): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  closeables.push(server);
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function textFrom(server: Server): Promise<string> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'end');
  return text;
}

test('logMetrics logs all figures in a line, each interval, until closed', async () => {
  const lines = new Lines();
  const log = logMetrics(new Metrics(), lines.logger, 5);
  expect(await lines.next(/^metrics$/)).toMatchObject({ level: 20, counters: { events: 0 } });
  await lines.next(/^metrics$/);
  log.close();
  log.close();
  logMetrics(new Metrics(), lines.logger, 0).close();
});

test('graphiteText is a line for each figure', () => {
  const metrics = new Metrics();
  metrics.record('container-start-time', 2.5);
  metrics.count('events', 7);
  metrics.provide('containers', () => 3);
  const lines = graphiteText(metrics.snapshot(), 1_700_000_000.9).split('\n');
  expect(lines).toContain('metrics.container-start-time.count 1 1700000000');
  expect(lines).toContain('metrics.container-start-time.99-percentile 2500000 1700000000');
  expect(lines).toContain('metrics.events.count 7 1700000000');
  expect(lines).toContain('metrics.containers.value 3 1700000000');
  expect(lines.slice(0, -1).every((line) => /^[\w.-]+ \d+(\.\d+)? \d+$/.test(line))).toBe(true);
});

describe('GraphiteSender', () => {
  test('sends all figures, again and again', async () => {
    const server = await listen();
    const address = { host: '127.0.0.1', port: portOf(server) };
    closeables.push(new GraphiteSender(new Metrics(), address, new Lines().logger, intervalMs));
    expect(await textFrom(server)).toContain('metrics.events.count 0 ');
    expect(await textFrom(server)).toContain('metrics.events.count 0 ');
  });

  test('goes on without its server, says so once, and says when it is back', async () => {
    const first = await listen();
    const port = portOf(first);
    await new Promise((resolve) => first.close(resolve));
    const lines = new Lines();
    const metrics = new Metrics();
    let attempts = 0;
    const failedTwice = new Promise<void>((resolve) => {
      metrics.provide('containers', () => {
        attempts += 1;
        if (attempts > 2) resolve();
        return 0;
      });
    });
    closeables.push(new GraphiteSender(metrics, { host: '127.0.0.1', port }, lines.logger, intervalMs));
    expect(await lines.next(/cannot be reached/)).toMatchObject({ level: 40, port });
    await failedTwice;
    const second = await listen(port);
    const text = textFrom(second);
    await lines.next(/reached again/);
    expect(lines.all).toEqual([]);
    expect(await text).toContain('metrics.');
  });

  test('a name that cannot be resolved is a failure like others', async () => {
    const lines = new Lines();
    closeables.push(new GraphiteSender(new Metrics(), { host: 'no-such.invalid', port: 1 }, lines.logger, 5));
    await lines.next(/cannot be reached/);
  }, 30_000);
});
