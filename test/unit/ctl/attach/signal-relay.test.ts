import { SignalRelay } from '../../../../src/ctl/attach/signal-relay';
import { FakeIo } from '../support/fake-io';

let io: FakeIo;
let relay: SignalRelay;
let told: string[];

beforeEach(() => {
  io = new FakeIo();
  relay = new SignalRelay(io);
  told = [];
});

function listenAs(who: string): void {
  relay.to((name) => {
    told.push(`${who} ${name}`);
  });
}

test('what comes before anyone takes it is held, in its order', () => {
  io.raise('SIGINT');
  io.raise('SIGQUIT');
  listenAs('first');
  io.raise('SIGTERM');
  expect(told).toEqual(['first SIGINT', 'first SIGQUIT', 'first SIGTERM']);
});

test('between two phases nothing is lost, and nothing told twice', () => {
  listenAs('start');
  io.raise('SIGHUP');
  relay.hold('SIGHUP');
  io.raise('SIGTERM');
  listenAs('session');
  io.raise('SIGINT');
  expect(told).toEqual(['start SIGHUP', 'session SIGHUP', 'session SIGTERM', 'session SIGINT']);
});

test('there is a listener for all of them until the end, and none after it', () => {
  listenAs('start');
  relay.hold();
  listenAs('session');
  expect(io.deafened).toBe(0);
  relay.close();
  relay.close();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) expect(io.listeners(name)).toBe(0);
});
