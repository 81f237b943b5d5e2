/**
 * What a repaired connection costs a call, against one that is handed over as it is. Run it with
 *
 *     npx esbuild test/bench/wire.bench.ts --bundle --platform=node --outfile=bench/out/wire.bench.cjs
 *     node bench/out/wire.bench.cjs [calls] [rounds]
 *
 * Client and server share this process, so a call's time is the work of both: what the difference of the two
 * kinds shows is the work of the repair, no wait of any kind. The rounds alternate between the kinds, because
 * a machine's speed wanders: reported are the medians, and the median of the differences within a round.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { HealthClient, type HealthCheckRequest, type HealthCheckResponse, HealthService } from '../../src/api/gen/health';
import { LegacyWireServer } from '../../src/api/wire/legacy-wire-server';

const AUTHORITIES = { raw: 'localhost', repaired: '/var/run/docker/libcontainerd/docker-containerd.sock' } as const;
type Kind = keyof typeof AUTHORITIES;

function check(client: HealthClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.check({ service: '' }, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** The mean time of a call, in milliseconds, one call after the other. */
async function timeOf(client: HealthClient, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await check(client);
  return (performance.now() - start) / calls;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(calls: number, rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-wire-bench-'));
  const path = join(directory, 'sock');
  const grpc = new Server();
  grpc.addService(HealthService, {
    check: (_call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>, reply: sendUnaryData<HealthCheckResponse>) =>
      reply(null, { status: 1 }),
  });
  const handOvers: string[] = [];
  const wire = new LegacyWireServer({
    injector: grpc.createConnectionInjector(ServerCredentials.createInsecure()),
    onMalformed: (error) => console.error(error),
    onHandOver: (kind) => handOvers.push(kind),
  });
  const server = createServer(wire.accept);
  await new Promise<void>((resolve) => server.listen(path, resolve));

  const clientOf = (kind: Kind): HealthClient =>
    new HealthClient(`unix:${path}`, credentials.createInsecure(), { 'grpc.default_authority': AUTHORITIES[kind] });
  const clients = { raw: clientOf('raw'), repaired: clientOf('repaired') };
  const times: Record<Kind, number[]> = { raw: [], repaired: [] };
  for (const kind of ['raw', 'repaired'] as const) await timeOf(clients[kind], calls);
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['raw', 'repaired'] as const) times[kind].push(await timeOf(clients[kind], calls));
  }

  const extraMs = median(times.repaired.map((time, round) => time - (times.raw[round] ?? Number.NaN)));
  const result = { handOvers, rawMs: median(times.raw), repairedMs: median(times.repaired), extraMs, calls, rounds };
  console.log(JSON.stringify(result));
  for (const client of Object.values(clients)) client.close();
  grpc.forceShutdown();
  server.close();
  rmSync(directory, { recursive: true });
}

void main(Number(process.argv[2] ?? 2000), Number(process.argv[3] ?? 15));
