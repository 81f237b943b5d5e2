import { faultPoint } from '../../sys/fault';
import { RecordsError } from '../errors';
import { type ChangeName, changes } from './changes';
import type { ChangeOutcome, ChangeRequest } from './messages';
import type { Tables } from './tables';

/**
 * Makes the changes in one transaction, so that all are on the disk with one flush; each by itself whole or not at all. Where
 * the disk refuses the transaction, each has one of its own: what takes no room may do.
 */
export function makeChanges(tables: Tables, requests: readonly ChangeRequest[]): ChangeOutcome[] {
  try {
    return inOneGo(tables, requests);
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
    if (requests.length === 1) return [refusalOf(error)];
    return requests.flatMap((request) => makeChanges(tables, [request]));
  }
}

/** @throws RecordsError `failed` */
function inOneGo(tables: Tables, requests: readonly ChangeRequest[]): ChangeOutcome[] {
  const outcomes = tables.db.inOneGo(() => requests.map((request) => makeChange(tables, request)));
  faultPoint('daemon.records.written');
  return outcomes;
}

/** @throws RecordsError `failed` */
function makeChange(tables: Tables, { change, args }: ChangeRequest): ChangeOutcome {
  const make = changes[change] as (tables: Tables, ...args: readonly unknown[]) => ReturnType<(typeof changes)[ChangeName]>;
  try {
    return {
      is: 'done',
      result: tables.db.inOneGo(() => {
        faultPoint('daemon.records.before-write');
        return make(tables, ...args);
      }),
    };
  } catch (error) {
    if (!(error instanceof RecordsError) || error.code === 'failed') throw error;
    return refusalOf(error);
  }
}

function refusalOf({ code, message }: RecordsError): ChangeOutcome {
  return { is: 'refused', code, message };
}
