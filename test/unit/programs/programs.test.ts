import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ProgramParts } from '../../../src/programs/parts';
import { Programs } from '../../../src/programs/programs';

describe('a program whose start has been told, and whose end has not', () => {
  /** @param views of what the core has restored @returns what ends are written down at the start of a daemon */
  const endsAtStart = async (views: readonly object[]): Promise<readonly unknown[]> => {
    const holdsDir = mkdtempSync(join(tmpdir(), 'holdfast-programs-'));
    const ends: unknown[] = [];
    const definitions = {
      settled: () => Promise.resolve(),
      list: () => [{ name: 'web', isUp: true, bootId: 'boot', definition: {} }],
      setEnd: (name: string, { unknown }: { readonly unknown: string | undefined }) => Promise.resolve(void ends.push([name, unknown])),
    };
    const parts = { definitions, supervisor: { request: () => Promise.resolve(views) }, output: { holdsDir }, bootId: 'boot', nowNs: () => 0n, mayWrite: () => false, roots: { names: () => [] }, log: { warn: () => undefined } };
    const programs = new Programs(parts as unknown as ProgramParts);
    try {
      await programs.begin();
      return ends;
    } finally {
      programs.close();
      rmSync(holdsDir, { recursive: true });
    }
  };

  test('has ended unseen where nothing of it is there', async () => {
    expect(await endsAtStart([])).toEqual([['web', 'its state directory was lost']]);
  });

  test.each(['running', 'stopped'])('has not where it is there, and is %s: the log will tell its end', async (state) => {
    expect(await endsAtStart([{ id: 'programs/web', state, processes: [] }])).toEqual([]);
  });
});
