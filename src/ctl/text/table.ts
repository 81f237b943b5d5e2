/** A column of a table. The last of a row is not padded. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Narrowest it is laid out for. */
  readonly least?: number;
}

/** The last column, which is cut before it falls away. */
export interface Elastic {
  readonly heading: string;
  /** Narrower it is of no use. */
  readonly least: number;
}

const gap = 2;

/**
 * Lines of a table. Where it is wider than `width`, what is `elastic` is cut, then columns fall away in the order of `leaving`, and the first is cut last of all.
 * @param width undefined: nothing is cut @param paint of a cell, which is padded already
 */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: { readonly width: number | undefined; readonly leaving?: readonly string[]; readonly elastic?: Elastic; readonly header?: boolean; readonly paint?: (column: string, row: Row, cell: string) => string },
): string[] {
  const { width, leaving = [], elastic, header = true, paint = (_column, _row, cell) => cell } = options;
  const fitting = fit(rows, elastic === undefined ? columns : shrunk(rows, columns, elastic, width), leaving, width);
  const [first] = fitting;
  const total = sum(fitting.map((column) => widthOf(column, rows)));
  const excess = width === undefined ? 0 : Math.max(0, total - gap - width);
  const widths = fitting.map((column) => widthOf(column, rows) - (column === first ? excess : 0));
  const line = (cells: readonly string[], painted: (at: number, cell: string) => string): string =>
    cells.map((cell, at) => {
      const room = (widths[at] ?? 0) - gap;
      const cut = at === 0 ? cutTo(room, cell) : cell;
      return at === cells.length - 1 ? painted(at, cut) : painted(at, cut.padEnd(widths[at] ?? 0));
    }).join('').trimEnd();
  const lines = rows.map((row) => line(fitting.map(({ cell }) => cell(row)), (at, cell) => paint(fitting[at]?.heading ?? '', row, cell)));
  return header ? [line(fitting.map(({ heading }) => heading), (_at, cell) => cell), ...lines] : lines;
}

/** With as much of that column as there is room for, where that is enough to be of use. */
function shrunk<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { heading, least }: Elastic, width: number | undefined): readonly Column<Row>[] {
  if (width === undefined) return columns;
  const room = width - sum(columns.filter((column) => column.heading !== heading).map((column) => widthOf(column, rows)));
  return room < least ? columns : columns.map((column) => (column.heading === heading ? { ...column, cell: (row) => cutTo(room, column.cell(row)) } : column));
}

function cutTo(room: number, text: string): string {
  return text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
}

function fit<Row>(rows: readonly Row[], columns: readonly Column<Row>[], leaving: readonly string[], width: number | undefined): readonly Column<Row>[] {
  let fitting = columns;
  for (const heading of leaving) {
    if (width === undefined || sum(fitting.map((column) => widthOf(column, rows))) - gap <= width) break;
    fitting = fitting.filter((column) => column.heading !== heading);
  }
  return fitting;
}

function widthOf<Row>({ heading, cell, least = 0 }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(least, heading.length, ...rows.map((row) => cell(row).length)) + gap;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
