/** What `promise` resolves with, or `otherwise` where it has not within the time. Its timer goes with the answer. Rejects as the promise does. */
export async function within<T, Otherwise>(limitMs: number, promise: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Otherwise>((resolve) => { timer = setTimeout(resolve, limitMs, otherwise); });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
