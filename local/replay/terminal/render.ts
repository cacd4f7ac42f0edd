// The words and tables of a replay, as strings; nothing here prints.
import { styleText } from 'node:util';
import Table from 'cli-table3';
import stringWidth from 'string-width';

/** Colours that the replay uses. */
export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colours a text, or leaves it alone where there are no colours. */
export type Paint = (colour: Colour, text: string) => string;

/** Colours only on a terminal that wants them (NO_COLOR, FORCE_COLOR and the stream decide). */
export function painter(stream: NodeJS.WriteStream): Paint {
  return (colour, text) => styleText(colour, text, { stream, validateStream: true });
}

const MAX_WIDTH = 120;
const MIN_WIDTH = 60;

/** Columns to use on a stream; plain logs get the widest layout. */
export function widthOf(stream: NodeJS.WriteStream): number {
  return Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, stream.isTTY ? stream.columns : MAX_WIDTH));
}

/** A table with a ruled head; all cells are given as text, numbers aligned by the caller's choice of column. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly string[],
  paint: Paint,
): string {
  const made = new Table({
    head: head.map((name) => paint('bold', name)),
    colAligns: head.map((name) => (rightAligned.includes(name) ? 'right' : 'left')),
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
  made.push(...rows.map((row) => [...row]));
  const [first = '', ...others] = made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const width = Math.max(...[first, ...others].map((line) => stringWidth(line)));
  return [first, `  ${paint('dim', '─'.repeat(Math.max(0, width - 2)))}`, ...others].join('\n');
}

/** A box with a title in its upper edge; long lines are wrapped at words. */
export function box(
  title: string,
  lines: readonly string[],
  width: number,
  colour: Colour,
  paint: Paint,
): string {
  const inner = width - 6;
  const edge = (text: string): string => paint(colour, text);
  const body = lines
    .flatMap((line) => wrap(line, inner))
    .map((line) => {
      const padding = ' '.repeat(Math.max(0, inner - stringWidth(line)));
      return `  ${edge('│')} ${line}${padding} ${edge('│')}`;
    });
  const rule = '─'.repeat(Math.max(0, inner - title.length - 1));
  return [
    `  ${edge('╭─')} ${paint('bold', title)} ${edge(`${rule}╮`)}`,
    ...body,
    `  ${edge(`╰${'─'.repeat(inner + 2)}╯`)}`,
  ].join('\n');
}

/** Wraps a text at spaces; a word that is longer than a line is cut. */
export function wrap(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(' ')) {
    let rest = word;
    if (line.trim() !== '' && stringWidth(line) + 1 + stringWidth(rest) > width) {
      lines.push(line);
      line = indent;
    }
    while (indent.length + stringWidth(rest) > width) {
      lines.push(indent + rest.slice(0, width - indent.length));
      rest = rest.slice(width - indent.length);
    }
    line = line.trim() === '' ? indent + rest : `${line} ${rest}`;
  }
  return [...lines, line];
}

/** Shortens a name in its middle, where names of buckets and keys differ least. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
