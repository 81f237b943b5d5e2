import { ManagedProgram } from '../../../../src/agent/engine/managed-program';
import { managedOf } from './definitions';
import { FakeEngine } from './fake-engine';

const [web] = [...managedOf('[program.web]\ncommand = ["web"]\nautostart = false\n').values()];
if (web === undefined) throw new Error('nothing is defined');

test.each([['stop', 'STOPPED'], ['gone', 'forgotten']] as const)('who waits for its end (%s) hears of it once its addresses are free', async (kind, state) => {
  const engine = new FakeEngine();
  const heard: string[] = [];
  let isFree = (): void => undefined;
  const program = new ManagedProgram(web, { ...engine.parts, listening: { ...engine.parts.listening, close: () => new Promise<void>((resolve) => { isFree = resolve; }) } } as unknown as FakeEngine['parts']);
  const restored = program.restore(undefined);
  await new Promise(setImmediate);
  isFree();
  await restored;
  await program.tell({ kind: 'start' });
  while (program.stored.state !== 'BACKOFF') await new Promise(setImmediate);
  program.watch((stored) => { heard.push(stored?.state ?? 'forgotten'); });
  const told = program.tell({ kind });
  await new Promise(setImmediate);
  expect(heard).toEqual([]);
  isFree();
  await told;
  expect(heard).toEqual([state]);
  program.close();
});
