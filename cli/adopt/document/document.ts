// A file with a pipeline, JSON or YAML: read as plain values, changed by inserting text, so that nothing else moves.
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../../usage-error.ts';
import type { Value } from '../intrinsics.ts';
import { openJson } from './json-document.ts';
import { openYaml } from './yaml-document.ts';

/** Names and indexes from the top of a document to one of its values. */
export type Path = readonly (string | number)[];

/** A parsed file. */
export interface PipelineDocument {
  readonly format: 'json' | 'yaml';
  /** The content; short forms of intrinsic functions (`!Ref X`) are written out (`{ "Ref": "X" }`). */
  readonly value: Value;
  /** Whether the value is a list that is written out at this path, so that an item can be inserted. */
  isList(path: Path): boolean;
  /** The text with one more item before the item that is at `index` now, written in the manner of its neighbours. */
  insertItem(path: Path, index: number, item: Value): string;
}

/**
 * Opens a file, whichever format it has.
 * @throws UsageError when it is neither JSON nor YAML
 */
export function openDocument(text: string, fileName: string): PipelineDocument {
  const json = text.trimStart().startsWith('{') ? openJson(text) : undefined;
  return json ?? openYaml(text, fileName);
}

/**
 * Inserts an item and reads the result again: it must be what was there, with that one item more.
 * @throws Error when it is not; nothing was written then
 */
export function insertChecked(
  text: string,
  fileName: string,
  path: Path,
  index: number,
  item: Value,
): string {
  const document = openDocument(text, fileName);
  const changed = document.insertItem(path, index, item);
  const expected: Value = structuredClone(document.value);
  const list = path.reduce<Value>(
    (value, key) => (value as Readonly<Record<string | number, Value>>)[key],
    expected,
  );
  if (!Array.isArray(list)) throw new Error(`no list at ${path.join('.')}`);
  list.splice(index, 0, item);
  if (!isDeepStrictEqual(openDocument(changed, fileName).value, expected)) {
    throw new UsageError(
      `${fileName}: the stage could not be inserted without changing something else, so nothing was changed; insert it by hand:\n${JSON.stringify(item, null, 2)}`,
    );
  }
  return changed;
}
