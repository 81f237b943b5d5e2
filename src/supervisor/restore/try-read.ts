import { isShortage } from '../../sys/shortage';

/**
 * What `read` returns; undefined where a file of the state directory is damaged or gone.
 * @throws only what has run out: of that no file is to blame
 */
export function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
}
