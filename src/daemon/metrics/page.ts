import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { messageOf } from '../../sys/thrown';
import { DaemonError } from '../errors';
import type { HostPort } from '../setting-values';
import { exposeMetrics, type Exposition } from './exposition';
import type { Closeable } from './interval-log';
import type { Metrics } from './metrics';

/** The second is where containerd has them. */
const PATHS: readonly (string | undefined)[] = ['/metrics', '/v1/metrics'];

/** A scraper needs one connection; more than these are closed, so that they cost no descriptors. */
const MOST_CONNECTIONS = 16;

/** Connections that send nothing, or only half a request, are closed after this. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The page for Prometheus, while it is served. */
export interface MetricsPage extends Closeable {
  /** The port it listens on, also where the kernel chose. */
  readonly port: number;
}

/**
 * Serves `GET /metrics` (and `/v1/metrics`) over HTTP, and nothing else. Whoever reaches the address may read it: it has
 * figures, but no names of containers. Does not keep the process alive.
 *
 * @throws DaemonError `listen-failed`
 */
export async function serveMetrics(metrics: Metrics, address: HostPort, logger: Logger): Promise<MetricsPage> {
  const { createServer } = await import('node:http');
  const exposition = await exposeMetrics(metrics);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', (request, response) => {
    request.resume();
    const [path] = (request.url ?? '').split('?');
    if (!PATHS.includes(path)) refuse(response, 404, 'Not found; the figures are at /metrics');
    else if (request.method !== 'GET') refuse(response.setHeader('Allow', 'GET'), 405, 'Only GET');
    else void answer(response, exposition, logger);
  });
  server.listen({ port: address.port, ...(address.host === '' ? {} : { host: address.host }) });
  server.unref();
  try {
    await once(server, 'listening');
  } catch (error) {
    exposition.close();
    throw new DaemonError('listen-failed', `metrics-address: ${messageOf(error)}`, { cause: error });
  }
  // Such as EMFILE while accepting: the page waits for better times, the daemon goes on.
  server.on('error', (error) => logger.warn({ error }, 'the page of figures cannot be served'));
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => {
      exposition.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(response: ServerResponse, exposition: Exposition, logger: Logger): Promise<void> {
  try {
    const text = await exposition.text();
    response.setHeader('Content-Type', exposition.contentType).end(text);
  } catch (error) {
    logger.warn({ error }, 'the page of figures cannot be made');
    refuse(response, 500, 'The figures cannot be read; the log says why');
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(`${text}\n`);
}
