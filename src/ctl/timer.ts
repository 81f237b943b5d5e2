/** Node runs a timer that is set for longer than this at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const longestMs = 2 ** 31 - 1;

/** Calls `run` after `ms`, however many: a user may mean "never" by a number. @returns what stops it; may be called twice */
export function after(ms: number, run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    if (leftMs <= longestMs) timer = setTimeout(run, leftMs);
    else timer = setTimeout(() => { wait(leftMs - longestMs); }, longestMs);
  };
  wait(ms);
  return () => { clearTimeout(timer); };
}
