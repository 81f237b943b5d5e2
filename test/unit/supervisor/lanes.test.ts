import { Lanes } from '../../../src/supervisor/lanes';

/** Work that says when it begins, and ends when it is told to. */
class Work {
  begun = false;
  finish: () => void = () => undefined;
  readonly run = (): Promise<void> => {
    this.begun = true;
    return new Promise((resolve) => {
      this.finish = resolve;
    });
  };
}

const settled = (): Promise<void> => new Promise(setImmediate);

describe('the lanes', () => {
  test("keep a container's work in order, and others' beside it", async () => {
    const lanes = new Lanes(10, 100);
    const [first, second, other] = [new Work(), new Work(), new Work()];
    lanes.run('a', first.run);
    lanes.run('a', second.run);
    lanes.run('b', other.run);
    await settled();
    expect([first.begun, second.begun, other.begun]).toEqual([true, false, true]);
    first.finish();
    await settled();
    expect(second.begun).toBe(true);
    expect(lanes.size).toBe(2);
    second.finish();
    other.finish();
    await lanes.idle();
    expect(lanes.size).toBe(0);
  });

  test('bound how much runs at once, and how much waits', async () => {
    const lanes = new Lanes(2, 3);
    const works = ['a', 'b', 'c'].map((id) => {
      const work = new Work();
      lanes.run(id, work.run);
      return work;
    });
    await settled();
    expect(works.map((work) => work.begun)).toEqual([true, true, false]);
    expect(lanes.hasRoom).toBe(false);
    works[1]?.finish();
    await settled();
    expect(works[2]?.begun).toBe(true);
    expect(lanes.hasRoom).toBe(true);
    works[0]?.finish();
    works[2]?.finish();
    await lanes.idle();
  });

  test('a container that hangs holds one place, and nobody else', async () => {
    const lanes = new Lanes(2, 100);
    const hung = new Work();
    for (let waiting = 0; waiting < 5; waiting += 1) lanes.run('hangs', hung.run);
    const done: string[] = [];
    for (const id of ['a', 'b', 'c']) lanes.run(id, () => Promise.resolve(void done.push(id)));
    await settled();
    await settled();
    expect(done).toEqual(['a', 'b', 'c']);
    while (lanes.size > 0) {
      hung.finish();
      await settled();
    }
  });

  test('idle waits also for what comes meanwhile', async () => {
    const lanes = new Lanes(1, 100);
    let later = false;
    lanes.run('a', () => {
      lanes.run('a', () => Promise.resolve(void (later = true)));
      return Promise.resolve();
    });
    await lanes.idle();
    expect(later).toBe(true);
  });
});
