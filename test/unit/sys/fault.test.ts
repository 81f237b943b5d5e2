import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SysError } from '../../../src/sys/errors';
import { FaultPlan, faultPoint } from '../../../src/sys/fault';
import type { FaultPoint } from '../../../src/sys/fault-points';

/** The errno of what reaching the point throws. */
function struck(plan: FaultPlan, name: FaultPoint): string | undefined {
  try {
    plan.reach(name);
    return undefined;
  } catch (error) {
    return error instanceof SysError ? error.code : String(error);
  }
}

describe('named faults', () => {
  test('are not there without the variable', () => {
    expect(() => faultPoint('daemon.log.append')).not.toThrow();
  });

  test('throw the error asked for, every time', () => {
    const plan = new FaultPlan('daemon.log.append=ENOSPC');
    expect([1, 2, 3].map(() => struck(plan, 'daemon.log.append'))).toEqual(['ENOSPC', 'ENOSPC', 'ENOSPC']);
    expect(struck(plan, 'daemon.log.open')).toBeUndefined();
  });

  test('come at the given time alone, and several at one point', () => {
    const plan = new FaultPlan('shim.end.drain=EIO:2,shim.end.drain=EMFILE:3');
    expect([1, 2, 3, 4].map(() => struck(plan, 'shim.end.drain'))).toEqual([undefined, 'EIO', 'EMFILE', undefined]);
  });

  test('come once among all that share a mark, which tells of it', () => {
    const mark = join(mkdtempSync(join(tmpdir(), 'holdfast-fault-')), 'struck');
    const plans = [1, 2].map(() => new FaultPlan(`daemon.log.append=EIO@${mark}`));
    expect(existsSync(mark)).toBe(false);
    expect(plans.map((plan) => struck(plan, 'daemon.log.append'))).toEqual(['EIO', undefined]);
    expect(existsSync(mark)).toBe(true);
    rmSync(dirname(mark), { recursive: true });
  });

  test('are armed by taking the mark away, and count from then on', () => {
    const mark = join(mkdtempSync(join(tmpdir(), 'holdfast-fault-')), 'struck');
    writeFileSync(mark, '');
    const plan = new FaultPlan(`daemon.log.append=EIO:2@${mark}`);
    const thrice = (): unknown[] => [1, 2, 3].map(() => struck(plan, 'daemon.log.append'));
    expect(thrice()).toEqual([undefined, undefined, undefined]);
    for (const again of [1, 2]) {
      rmSync(mark);
      expect([again, ...thrice()]).toEqual([again, undefined, 'EIO', undefined]);
    }
    rmSync(dirname(mark), { recursive: true });
  });

  const point = 'daemon.log.append';
  test.each([point, `${point}=`, `${point}=EWHAT`, `${point}=EIO:0`, `${point}=EIO:x`, '=kill', 'no.such.point=kill', 'daemon.end.told=EIO'])('refuse %j', (text) => {
    expect(() => new FaultPlan(text)).toThrow(/^not a fault/);
  });
});
