import { ManagedProgram } from '../../../../src/agent/engine/managed-program';
import type { EngineParts } from '../../../../src/agent/engine/parts';
import { newlyDefined } from '../../../../src/agent/machine/state';
import { printStored } from '../../../../src/agent/machine/stored-text';
import { start } from '../machine/policies';
import { managedOf } from './definitions';
import { FakeEngine } from './fake-engine';

const [migrate, web] = [...managedOf('[program.migrate]\ncommand = ["migrate"]\noneshot = true\n[program.web]\ncommand = ["web"]\ndepends_on = { migrate = "completed" }\n').values()];
if (migrate === undefined || web === undefined) throw new Error('nothing is defined');

/** Parts whose writes wait until they are let go. */
function slowToWrite(engine: FakeEngine): { readonly parts: EngineParts; readonly writing: Promise<void>; readonly letGo: () => void } {
  let write: () => void = () => undefined;
  let isWriting: () => void = () => undefined;
  const writing = new Promise<void>((resolve) => { isWriting = resolve; });
  const written = new Promise<void>((resolve) => { write = resolve; });
  const putState: EngineParts['news']['putState'] = async (name, text, happenings) => {
    isWriting();
    await written;
    await engine.parts.news.putState(name, text, happenings);
  };
  const parts = { ...engine.parts, news: { ...engine.parts.news, putState } } as unknown as EngineParts;
  return { parts, writing, letGo: () => { write(); } };
}

test('who waits for one that has come as the wait was being written down goes on', async () => {
  const engine = new FakeEngine();
  const { parts, writing, letGo } = slowToWrite(engine);
  const [first, second] = [new ManagedProgram(migrate, parts), new ManagedProgram(web, parts)];
  await second.restore(printStored({ ...newlyDefined(start), state: 'EXITED' }));
  const asked = second.tell({ kind: 'start' });
  await writing;
  // A daemon that starts finds out that it has been completed long since.
  await first.restore(printStored({ ...newlyDefined(start), state: 'EXITED', generation: 1, lastEnd: { status: 0, unknown: '', atMs: 0, ranMs: 0 } }));
  letGo();
  await asked;
  // What others mean for it comes after that, in its turn.
  await second.tell({ kind: 'start' });
  expect(second.stored).toMatchObject({ generation: 1 });
  for (const program of [first, second]) program.close();
});

test('a run that is to be started again is not, where another one begins as that is asked for', async () => {
  const { parts, writing, letGo } = slowToWrite(new FakeEngine());
  const program = new ManagedProgram(migrate, parts);
  await program.restore(printStored({ ...newlyDefined(start), state: 'EXITED', generation: 1, lastEnd: { status: 0, unknown: '', atMs: 0, ranMs: 0 } }));
  const asked = program.tell({ kind: 'start' });
  await writing;
  expect(program.stored).toMatchObject({ generation: 1 });
  const again = program.tell({ kind: 'restart' }, 1);
  letGo();
  await asked;
  await again;
  expect(program.stored).toMatchObject({ generation: 2, state: 'STARTING' });
  program.close();
});
