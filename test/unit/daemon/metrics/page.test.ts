import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Metrics } from '../../../../src/daemon/metrics/metrics';
import { COUNTERS, GAUGES, TIMERS } from '../../../../src/daemon/metrics/names';
import { serveMetrics, type MetricsPage } from '../../../../src/daemon/metrics/page';

const logger = pino({ level: 'silent' });
let metrics: Metrics;
let page: MetricsPage;
let url: string;

beforeEach(async () => {
  metrics = new Metrics();
  page = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 }, logger);
  url = `http://127.0.0.1:${page.port}/metrics`;
});
afterEach(() => page.close());

test('it has every figure under a name of its own', async () => {
  metrics.record('container-start-time', 20);
  metrics.record('container-start-time', 3_000);
  metrics.count('shim-restarts', 2);
  metrics.provide('containers', () => 7);
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
  const lines = (await answer.text()).split('\n');
  const all: readonly string[] = Object.values({ ...TIMERS, ...COUNTERS, ...GAUGES }).map(({ prometheus }) => prometheus);
  expect(new Set(all).size).toBe(all.length);
  for (const name of all) expect(lines).toContainEqual(expect.stringMatching(`^# TYPE ${name} `));
  expect(lines).toContain('holdfast_container_start_seconds_bucket{le="0.025"} 1');
  expect(lines).toContain('holdfast_container_start_seconds_sum 3.02');
  expect(lines).toContain('holdfast_container_start_seconds_count 2');
  expect(lines).toContain('holdfast_shim_restarts_total 2');
  expect(lines).toContain('holdfast_containers 7');
  expect(lines).toContainEqual(expect.stringMatching(/^holdfast_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/));
});

test('it is read anew each time; what nobody knows has no value', async () => {
  metrics.count('events', 2);
  metrics.provide('containers', () => 7);
  await (await fetch(url)).text();
  metrics.count('events', 1);
  metrics.provide('containers', () => NaN);
  const lines = (await (await fetch(`${url}?x=1`)).text()).split('\n');
  expect(lines).toContain('holdfast_tasks_total 3');
  expect(lines.filter((line) => line.startsWith('holdfast_containers'))).toEqual([]);
});

test.each([
  ['GET', '/', 404],
  ['GET', '/metrics/', 404],
  ['POST', '/metrics', 405],
  ['HEAD', '/metrics', 405],
])('%s %s is %d', async (method, path, status) => {
  const answer = await fetch(new URL(path, url), { method });
  expect(answer.status).toBe(status);
  await answer.text();
});

test('two pages do not meet, and both may be closed twice', async () => {
  const other = await serveMetrics(new Metrics(), { host: '127.0.0.1', port: 0 }, logger);
  metrics.count('events');
  const text = await (await fetch(`http://127.0.0.1:${other.port}/metrics`)).text();
  expect(text).toContain('holdfast_tasks_total 0');
  other.close();
  other.close();
  await expect(fetch(`http://127.0.0.1:${other.port}/metrics`)).rejects.toThrow();
});

test('an address in use is an error that names the flag', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(serveMetrics(metrics, { host: '127.0.0.1', port }, logger)).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringMatching(/^metrics-address: .*EADDRINUSE/) as unknown,
  });
  server.close();
});
