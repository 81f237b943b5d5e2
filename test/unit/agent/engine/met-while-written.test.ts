import { ManagedProgram } from '../../../../src/agent/engine/managed-program';
import type { EngineParts } from '../../../../src/agent/engine/parts';
import { newlyDefined } from '../../../../src/agent/machine/state';
import { printStored } from '../../../../src/agent/machine/stored-text';
import { start } from '../machine/policies';
import { managedOf } from './definitions';
import { FakeEngine } from './fake-engine';

const [migrate, web] = [...managedOf('[program.migrate]\ncommand = ["migrate"]\noneshot = true\n[program.web]\ncommand = ["web"]\ndepends_on = { migrate = "completed" }\n').values()];
if (migrate === undefined || web === undefined) throw new Error('nothing is defined');

test('who waits for one that has come as the wait was being written down goes on', async () => {
  const engine = new FakeEngine();
  let writeIt: () => void = () => undefined;
  let isWriting: () => void = () => undefined;
  const writing = new Promise<void>((resolve) => { isWriting = resolve; });
  const written = new Promise<void>((resolve) => { writeIt = resolve; });
  const putState: EngineParts['news']['putState'] = async (name, text, happenings) => {
    isWriting();
    await written;
    await engine.parts.news.putState(name, text, happenings);
  };
  const parts = { ...engine.parts, news: { ...engine.parts.news, putState } } as unknown as EngineParts;
  const [first, second] = [new ManagedProgram(migrate, parts), new ManagedProgram(web, parts)];
  await second.restore(printStored({ ...newlyDefined(start), state: 'EXITED' }));
  const asked = second.tell({ kind: 'start' });
  await writing;
  // A daemon that starts finds out that it has been completed long since.
  await first.restore(printStored({ ...newlyDefined(start), state: 'EXITED', generation: 1, lastEnd: { status: 0, unknown: '', atMs: 0, ranMs: 0 } }));
  writeIt();
  await asked;
  // What others mean for it comes after that, in its turn.
  await second.tell({ kind: 'start' });
  expect(second.stored).toMatchObject({ generation: 1 });
  for (const program of [first, second]) program.close();
});
