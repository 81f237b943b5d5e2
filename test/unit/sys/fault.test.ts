import { SysError } from '../../../src/sys/errors';
import { FaultPlan, faultPoint } from '../../../src/sys/fault';

/** The errno of what reaching the point throws. */
function struck(plan: FaultPlan, name: string): string | undefined {
  try {
    plan.reach(name);
    return undefined;
  } catch (error) {
    return error instanceof SysError ? error.code : String(error);
  }
}

describe('named faults', () => {
  test('are not there without the variable', () => {
    expect(() => faultPoint('any.step')).not.toThrow();
  });

  test('throw the error asked for, every time', () => {
    const plan = new FaultPlan('disk.write=ENOSPC');
    expect([1, 2, 3].map(() => struck(plan, 'disk.write'))).toEqual(['ENOSPC', 'ENOSPC', 'ENOSPC']);
    expect(struck(plan, 'disk.read')).toBeUndefined();
  });

  test('come at the given time alone, and several at one point', () => {
    const plan = new FaultPlan('step=EIO:2,step=EMFILE:3');
    expect([1, 2, 3, 4].map(() => struck(plan, 'step'))).toEqual([undefined, 'EIO', 'EMFILE', undefined]);
  });

  test.each(['step', 'step=', 'step=EWHAT', 'step=EIO:0', 'step=EIO:x', '=kill'])('refuse %j', (text) => {
    expect(() => new FaultPlan(text)).toThrow(/^not a fault/);
  });
});
