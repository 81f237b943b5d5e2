import { ImagesError, type ImagesErrorCode } from '../../../images/errors';
import { RecordsError } from '../../../records/errors';
import { FilterError } from '../filter/scanner';
import { type ErrorClass, FaceError, classError } from '../errors';
import { type Filter, parseFilters } from '../filter/filter';
import { inRecordWords } from '../records/record-errors';

/** Clients of this API ask registries themselves. */
const classes: Readonly<Record<Exclude<ImagesErrorCode, 'out-of-range'>, ErrorClass>> = {
  invalid: 'invalid-argument',
  'not-found': 'not-found',
  exists: 'already-exists',
  precondition: 'failed-precondition',
  locked: 'unavailable',
  'not-implemented': 'not-implemented',
  failed: 'unknown',
  'no-answer': 'unavailable',
  denied: 'unknown',
  registry: 'unknown',
};

/** Runs `work` on blobs, images or snapshots, and puts what it throws into this API's words. */
export async function inImageWords<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inWords(error);
  }
}

/** The filters of blobs and snapshots, whose refusal has the class's word once, and not twice as that of records. @throws FaceError */
export function filtersOf(filters: readonly string[]): readonly Filter[] {
  try {
    return parseFilters(filters);
  } catch (error) {
    throw error instanceof FilterError ? classError('invalid-argument', error.message, { cause: error }) : error;
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof ImagesError) {
    if (error.code === 'out-of-range') return new FaceError('out-of-range', error.message, { cause: error });
    return classError(classes[error.code], error.message, { cause: error });
  }
  if (!(error instanceof RecordsError || error instanceof FilterError)) return error;
  try {
    return inRecordWords(() => { throw error; });
  } catch (translated) {
    return translated;
  }
}
