import { ManagedProgram } from '../../../../src/agent/engine/managed-program';
import { newlyDefined } from '../../../../src/agent/machine/state';
import { printStored } from '../../../../src/agent/machine/stored-text';
import type { EngineParts } from '../../../../src/agent/engine/parts';
import { start } from '../machine/policies';
import { managedOf } from './definitions';
import { FakeEngine } from './fake-engine';

const [ears] = [...managedOf('[eventlistener.ears]\ncommand = ["ears"]\nevents = ["EVENT"]\nstartsecs = 0\n').values()];
if (ears === undefined) throw new Error('nothing is defined');

test('a listener whose place nobody knows any more is another run, also where its start had not been written down yet', async () => {
  const engine = new FakeEngine();
  const view = { id: 'ears', state: 'running', record: { labels: [] }, processes: [] };
  const supervisor = {
    request: (kind: string) => (kind === 'getContainers' ? Promise.resolve([view]) : new Promise(() => undefined)),
  };
  const listeners = { ...engine.parts.listeners, goOn: (_process: unknown, _generation: number, onLost: () => void) => { onLost(); } };
  const parts = { ...engine.parts, programs: { ...engine.parts.programs, supervisor }, listeners } as unknown as EngineParts;
  const text = printStored({ ...newlyDefined(start), generation: 1, wanted: 'up', state: 'STARTING', phase: 'start' });
  const program = new ManagedProgram(ears, parts);
  const isStopping = new Promise<void>((resolve) => { program.watch((stored) => { if (stored?.state === 'STOPPING') resolve(); }); });
  await program.restore(text);
  await isStopping;
  // One that is up: the signal ends it.
  expect(program.stored).toMatchObject({ state: 'STOPPING', after: 'start', upSince: { bootId: start.bootId } });
  program.close();
});
