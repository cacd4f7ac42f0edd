// Tables and wrapped text, as strings; nothing here prints.
import Table from 'cli-table3';
import stringWidth from 'string-width';
import type { Colour, Paint } from './terminal.ts';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'right';
  /** Shown only while there is room: the highest number goes first. @default it stays */
  readonly dropped?: number;
  /** Its texts may be shortened in their middle to this many characters. @default they are not */
  readonly shortest?: number;
  readonly cell: (row: Row) => string;
}

const INDENT = 2;
const GAP = 3;

/** A table with a ruled head that is at most `width` wide: empty columns are left out, others are shortened and dropped until it fits. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): string {
  const filled = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  const fitted = fitColumns(filled, rows, width);
  const made = new Table({
    head: fitted.map(({ title }) => paint('bold', title)),
    colAligns: fitted.map(({ align }) => align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: ' ',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' ',
    },
  });
  made.push(...rows.map((row) => fitted.map(({ cell }) => cell(row))));
  const [first = '', ...others] = made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const ruled = Math.max(...[first, ...others].map((line) => stringWidth(line)));
  return [first, `  ${paint('dim', '─'.repeat(Math.max(0, ruled - INDENT)))}`, ...others].join('\n');
}

function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Column<Row>[] {
  const widthOf = ({ title, cell }: Column<Row>): number =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(cell(row))));
  const total = columns.reduce((sum, column) => sum + widthOf(column) + GAP, INDENT - GAP);
  const excess = total - width;
  if (excess <= 0) return columns;
  const room = columns.map((column) => Math.max(0, widthOf(column) - (column.shortest ?? Infinity)));
  const available = room.reduce((sum, columnRoom) => sum + columnRoom, 0);
  const droppable = columns.filter(({ dropped }) => dropped !== undefined);
  if (available < excess && droppable.length > 0) {
    const first = Math.max(...droppable.map(({ dropped = 0 }) => dropped));
    return fitColumns(
      columns.filter(({ dropped }) => dropped !== first),
      rows,
      width,
    );
  }
  // Each gives up its part of what is too much, rounded up.
  return columns.map((column, index) => {
    const given = Math.min(
      room[index] ?? 0,
      Math.ceil(((room[index] ?? 0) * excess) / Math.max(1, available)),
    );
    if (given === 0) return column;
    const cut = widthOf(column) - given;
    return { ...column, cell: (row) => shorten(column.cell(row), cut) };
  });
}

/**
 * Lines under a title, between two rules. There is nothing to the right of a line, and a word that is longer than a line
 * is left whole: a terminal wraps it, and it can be copied.
 */
export function section(
  title: string,
  lines: readonly string[],
  width: number,
  colour: Colour,
  paint: Paint,
): string {
  const rule = '─'.repeat(Math.max(0, width - title.length - 7));
  return [
    `  ${paint(colour, '──')} ${paint('bold', title)} ${paint(colour, rule)}`,
    ...lines.flatMap((line) => wrap(line, width - 2).map((part) => (part === '' ? '' : `  ${part}`))),
    `  ${paint(colour, '─'.repeat(width - 3))}`,
  ].join('\n');
}

/** A section about a job that failed: in red what it ended as, then why. */
export function failureSection(title: string, end: string, why: string, width: number, paint: Paint): string {
  return section(title, [paint('red', end), '', why], width, 'red', paint);
}

/** Wraps a text at spaces and keeps its indent; a word that is longer than a line is left whole. */
export function wrap(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(' ')) {
    if (line.trim() !== '' && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line);
      line = indent;
    }
    line = line.trim() === '' ? indent + word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A text beside a mark, wrapped: its further lines begin below its first one, `indent` characters from the left. */
export function beside(mark: string, text: string, width: number, indent = 4): string[] {
  const [first = '', ...others] = wrap(' '.repeat(indent) + text, width);
  return [`  ${mark} ${first.trimStart()}`, ...others];
}

/** Shortens a text at its end. */
export function shortenEnd(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Shortens a name in its middle, where names of buckets and keys differ least. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
