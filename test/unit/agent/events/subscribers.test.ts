import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lookup } from 'node:dns';
import PQueue from 'p-queue';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';
import { Cursor } from '../../../../src/agent/events/cursor';
import { type Happening, printHappening, typeOf } from '../../../../src/agent/events/happening';
import { Listeners } from '../../../../src/agent/events/listeners';
import { News } from '../../../../src/agent/events/news';
import { WebhookSender } from '../../../../src/agent/events/webhook-sender';
import { DefinitionStore } from '../../../../src/agent/update/definition-store';
import { nothingDue, printInUse } from '../../../../src/agent/update/in-use';
import { DefinitionKeeper } from '../../../../src/agent/update/keeper';
import { NamedTexts } from '../../../../src/records/named-texts';
import { ProgramEvents } from '../../../../src/records/program-events';
import type { Writer } from '../../../../src/records/writer';
import { later, start } from '../machine/policies';

const group = (name: string): Happening => ({ is: 'group', change: 'ADDED', group: name, atMs: start.wallMs });

/** Events in memory, and who is told of them. */
class Told {
  readonly dropped: number[] = [];
  readonly errors: string[] = [];
  readonly log = { error: (_: object, message: string) => { this.errors.push(message); }, warn: () => undefined, info: () => undefined, debug: () => undefined };
  readonly #writer = {
    change: (change: string, args: readonly unknown[], apply: (result: unknown) => void) => {
      if (change === 'dropProgramEvents') this.dropped.push(args[0] as number);
      apply(undefined);
      return Promise.resolve();
    },
  } as unknown as Writer;
  readonly cursors = new NamedTexts(this.#writer, { put: 'putEventCursor', delete: 'deleteEventCursor' });
  readonly texts = new NamedTexts(this.#writer, { put: 'putProgramDefinition', delete: 'deleteProgramDefinition' });
  readonly events = new ProgramEvents(this.#writer, this.cursors);
  readonly news = new News({ events: this.events, states: this.cursors, log: this.log, now: () => start });

  keep(id: number, happening: Happening, text = printHappening(happening).text): void {
    this.events.load({ id, type: typeOf(happening), text });
  }
}

test('what nobody is told any more, as the daemon ends, is kept for the next one', () => {
  const told = new Told();
  for (const id of [1, 2, 3]) told.keep(id, group('web'));
  const leave = told.news.join({ events: ['EVENT'], more: () => undefined, throughId: 1 });
  told.news.told();
  expect(told.dropped).toEqual([1]);
  told.news.close();
  told.news.told();
  leave();
  expect(told.dropped).toEqual([1]);
});

test('what this version cannot read is told of once, and is in nobody\'s way', () => {
  const told = new Told();
  told.keep(1, group('web'), '{"is":"of another version","atMs":1}');
  told.keep(2, group('web'));
  told.news.takeUp();
  expect(told.errors).toEqual(['an event that is kept cannot be read by this version: nobody is told of it']);
  expect(told.events.next(0, () => true)?.id).toBe(2);
});

test('a listener that is defined as a program from now on is counted no more, nor is one that is not defined', () => {
  const told = new Told();
  const listeners = new Listeners({ news: told.news, cursors: told.cursors, log: told.log } as unknown as ConstructorParameters<typeof Listeners>[0]);
  listeners.use([{ name: 'ears', listener: { events: ['EVENT'] } }, { name: 'web', listener: undefined }]);
  expect(told.news.isWanted('TICK_5')).toBe(true);
  listeners.use([{ name: 'ears', listener: { events: ['PROCESS_STATE'] } }]);
  expect([told.news.isWanted('TICK_5'), told.news.isWanted('PROCESS_STATE_FATAL')]).toEqual([false, true]);
  listeners.use([{ name: 'ears', listener: undefined }]);
  expect(told.news.isTold).toBe(false);
  listeners.close();
});

test('at a start all listeners are counted before a webhook may have been told of more than they', async () => {
  const told = new Told();
  const [ears] = [...bringTogether(noDefinitions, [readDefinitionFile('/etc/ears.toml', '[eventlistener.ears]\ncommand = ["ears"]\nevents = ["PROCESS_STATE"]\n')]).programs.values()];
  if (ears === undefined) throw new Error('nothing is defined');
  told.texts.load({ name: 'ears', text: printInUse({ definition: ears, scale: undefined, due: nothingDue }) });
  told.texts.load({ name: '', text: 'this boot' });
  const listeners = new Listeners({ news: told.news, cursors: told.cursors, log: told.log } as unknown as ConstructorParameters<typeof Listeners>[0]);
  const counted: boolean[] = [];
  const nothing = (): Promise<void> => Promise.resolve();
  const keeper = new DefinitionKeeper({
    store: new DefinitionStore(told.texts), directory: '/nonexistent', bootId: 'this boot', news: told.news, listeners, log: told.log,
    webhooks: { use: () => { counted.push(told.news.isWanted('PROCESS_STATE_FATAL')); } },
    processes: { prepare: nothing, take: nothing, settle: nothing },
  } as unknown as ConstructorParameters<typeof DefinitionKeeper>[0]);
  await keeper.begin();
  expect(counted).toEqual([true]);
  listeners.close();
});

test('a daemon that comes tells nothing again that was taken before, also where the disk has not come so far', async () => {
  const { log } = new Told();
  const facts = new Map<string, string>();
  const notes = { fact: (name: string) => facts.get(name), setFact: (name: string, value: string) => { facts.set(name, value); }, dropFact: (name: string) => { facts.delete(name); } };
  const names = { put: 'putEventCursor', delete: 'deleteEventCursor' } as const;
  // Its changes come to no end.
  const texts = new NamedTexts({ change: () => new Promise(() => undefined) } as unknown as Writer, names);
  texts.load({ name: 'listener ears', text: '3' });
  const next = (lastId: number): number => new Cursor(texts, notes, log, 'listener ears', lastId).throughId;
  const cursor = new Cursor(texts, notes, log, 'listener ears', 9);
  expect(cursor.throughId).toBe(3);
  cursor.moveTo(5);
  cursor.moveTo(7);
  cursor.close();
  // An answer that comes yet.
  cursor.moveTo(8);
  expect(next(9)).toBe(7);
  // The events are others than those of which it was noted.
  expect(next(6)).toBe(3);
  const unreadable = { ...notes, fact: () => { throw new Error('disk I/O error'); } };
  expect(new Cursor(texts, unreadable, log, 'listener ears', 9).throughId).toBe(3);
  const { cursors } = new Told();
  await Cursor.forget(cursors, notes, log, 'listener ears');
  expect(facts.size).toBe(0);
  // Of one that was there before, and whose record was lost, the note would be taken for the new one's.
  facts.set('told listener ears', '7');
  expect(new Cursor(cursors, notes, log, 'listener ears', 2).throughId).toBe(2);
  expect([...facts.values()]).toEqual(['2']);
});

test('a webhook is sent an event again, also where that cannot be written down', async () => {
  const told = new Told();
  told.keep(1, group('web'));
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => { bodies.push(chunk.toString()); });
    request.on('end', () => { response.writeHead(bodies.length < 2 ? 500 : 200).end(); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const notes = { fact: () => undefined, setFact: () => { throw new Error('database or disk is full'); }, dropFact: () => { throw new Error('database or disk is full'); } };
  const webhook = { name: 'hook', url, events: ['EVENT'], secretFile: undefined, source: { file: '', line: 1, column: 1 } };
  const cursor = new Cursor(told.cursors, notes, told.log, 'webhook hook', 0);
  const isTaken = new Promise<void>((resolve) => { told.log.info = () => { resolve(); return undefined; }; });
  const sender = new WebhookSender(webhook, cursor, {
    news: told.news, notes, log: told.log, read: () => Promise.reject(new Error('no secret')), lookup, posts: new PQueue(), now: () => later(start, performance.now()), random: () => 0,
  } as unknown as ConstructorParameters<typeof WebhookSender>[2]);
  try {
    await isTaken;
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
  } finally {
    sender.forget();
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  }
});
