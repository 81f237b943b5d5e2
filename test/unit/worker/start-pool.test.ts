import { StartPool } from '../../../src/worker/start-pool';

describe('the pool of ten workers', () => {
  test('takes what is made already before what is not, and else whoever came first', async () => {
    const pool = new StartPool(100);
    const begun: string[] = [];
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { open = resolve; });
    for (let worker = 1; worker <= 10; worker += 1) pool.run(() => gate);
    const queue = (name: string) => async (): Promise<void> => { begun.push(name); await Promise.resolve(); };
    pool.run(queue('create 1'));
    pool.run(queue('create 2'));
    pool.runNext(queue('start 1'));
    pool.runNext(queue('start 2'));
    expect([pool.busy, pool.waiting, begun]).toEqual([10, 4, []]);
    open();
    await pool.idle();
    expect(begun).toEqual(['start 1', 'start 2', 'create 1', 'create 2']);
  });
});
