import type { Output } from '../tool';

/** Of a terminal, in characters. One that does not know its size says 0 by 0: then it is as large as terminals were. */
export function sizeOf({ columns = 0, rows = 0 }: Pick<Output, 'columns' | 'rows'>): { readonly columns: number; readonly rows: number } {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}
