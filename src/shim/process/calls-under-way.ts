import type { RuntimeChild } from '../../runtime/oci/runtime-child';

/** How many of the runtimes that were started have not ended. */
export class CallsUnderWay {
  private count = 0;

  get size(): number {
    return this.count;
  }

  counted(child: RuntimeChild): RuntimeChild {
    this.count += 1;
    void child.ended.then(() => {
      this.count -= 1;
    });
    return child;
  }
}
