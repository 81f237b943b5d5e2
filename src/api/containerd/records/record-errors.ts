import { RecordsError, type RecordsErrorCode } from '../../../records/errors';
import { FilterError } from '../filter/scanner';
import { type ErrorClass, classError } from '../errors';

const classes: Readonly<Record<RecordsErrorCode, ErrorClass>> = {
  exists: 'already-exists',
  'not-found': 'not-found',
  invalid: 'invalid-argument',
  'in-use': 'failed-precondition',
  failed: 'unknown',
  'no-answer': 'unavailable',
  unusable: 'failed-precondition',
};

/** Runs `work` on the records, and puts what it throws into this API's words. @param prefix before each of them */
export function inRecordWords<T>(work: () => T, prefix = ''): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RecordsError) throw inWords(error, prefix);
    // Its message has the class's word twice: so clients know it.
    if (error instanceof FilterError) throw classError('invalid-argument', `${prefix}${error.message}: invalid argument`, { cause: error });
    throw error;
  }
}

/** The same of a change, which takes its time. */
export async function changedInRecordWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RecordsError ? inWords(error, '') : error;
  }
}

function inWords(error: RecordsError, prefix: string): Error {
  return classError(classes[error.code], prefix + error.message, { cause: error });
}
