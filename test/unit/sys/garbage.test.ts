import { Garbage, type Heap } from '../../../src/sys/garbage';

/** Of which so many megabytes are alive. */
class FakeHeap implements Heap {
  collections = 0;

  constructor(private aliveMb: number, private usedMb = aliveMb) {}

  usedBytes(): number {
    return this.usedMb << 20;
  }

  collect(): void {
    this.collections += 1;
    this.usedMb = this.aliveMb;
  }

  grow({ aliveMb, garbageMb }: { readonly aliveMb: number; readonly garbageMb: number }): void {
    this.aliveMb += aliveMb;
    this.usedMb += aliveMb + garbageMb;
  }
}

describe('garbage', () => {
  test('is collected where there is enough, and once', () => {
    const heap = new FakeHeap(10, 15);
    const garbage = new Garbage(heap);
    expect([garbage.collect(), garbage.collect()]).toEqual([true, false]);
    heap.grow({ aliveMb: 0, garbageMb: 3 });
    expect(garbage.collect()).toBe(false);
    heap.grow({ aliveMb: 0, garbageMb: 1 });
    expect([garbage.collect(), garbage.collect()]).toEqual([true, false]);
    expect(heap.collections).toBe(2);
  });

  test('what has turned out to be alive is not looked through again', () => {
    const heap = new FakeHeap(10);
    const garbage = new Garbage(heap);
    garbage.collect();
    heap.grow({ aliveMb: 5, garbageMb: 0 });
    expect([garbage.collect(), garbage.collect()]).toEqual([true, false]);
  });

  test('is what V8 has of what is not used any more', async () => {
    const garbage = new Garbage();
    garbage.collect();
    const left = new WeakRef(Array.from({ length: 200_000 }, (_, index) => ({ index })));
    // What a weak reference was made of is kept until then.
    await new Promise(setImmediate);
    expect(garbage.collect()).toBe(true);
    expect(left.deref()).toBeUndefined();
  });
});
