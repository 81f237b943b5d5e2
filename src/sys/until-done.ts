/** A disk that is full or fails now may have room again. */
const againMs = 1000;

/**
 * Does it until it is done: after a failure again in a second, as long as it is wanted. Its waiting keeps no process alive.
 * Never rejects, but with what `onFailure` throws.
 */
export async function untilDone(act: () => Promise<void>, isWanted: () => boolean, onFailure: (error: unknown) => void): Promise<void> {
  while (isWanted()) {
    try {
      await act();
      return;
    } catch (error) {
      onFailure(error);
    }
    await new Promise<void>((resolve) => { setTimeout(resolve, againMs).unref(); });
  }
}
