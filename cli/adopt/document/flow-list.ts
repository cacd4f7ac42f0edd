// Inserts an item into a list with brackets, as JSON and YAML's flow style have it.
import type { Value } from '../intrinsics.ts';

/** Where an item of a list is in the text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** The text with an item more before the one at `index`, separated and indented as that one is. */
export function insertIntoFlow(text: string, items: readonly Span[], index: number, item: Value): string {
  const previous = items[index - 1];
  const next = items[index];
  if (previous === undefined || next === undefined) throw new Error(`no items around index ${index}`);
  const separator = text.slice(previous.end, next.start);
  const neighbour = text.slice(next.start, next.end);
  const written = neighbour.includes('\n')
    ? indented(item, text, next.start, neighbour)
    : JSON.stringify(item);
  return text.slice(0, next.start) + written + separator + text.slice(next.start);
}

function indented(item: Value, text: string, start: number, neighbour: string): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const base = /^[ \t]*/.exec(text.slice(lineStart, start))?.[0] ?? '';
  const inner = /\n([ \t]*)\S/.exec(neighbour)?.[1] ?? '';
  const step = inner.startsWith(base) && inner.length > base.length ? inner.slice(base.length) : '  ';
  const lineEnd = neighbour.includes('\r\n') ? '\r\n' : '\n';
  return JSON.stringify(item, null, step).replaceAll('\n', `${lineEnd}${base}`);
}
