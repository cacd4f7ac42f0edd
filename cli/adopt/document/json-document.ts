// Pipelines in JSON: values from JSON.parse, offsets from jsonc-parser.
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import type { Value } from '../intrinsics.ts';
import type { Path, PipelineDocument } from './document.ts';
import { insertIntoFlow } from './flow-list.ts';

/** Opens JSON text; `undefined` when it is not JSON. */
export function openJson(text: string): PipelineDocument | undefined {
  let value: Value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const root = parseTree(text);
  const listAt = (path: Path): Node | undefined => {
    const node = root && findNodeAtLocation(root, [...path]);
    return node?.type === 'array' ? node : undefined;
  };
  return {
    format: 'json',
    value,
    isList: (path) => listAt(path) !== undefined,
    insertItem: (path, index, item) => {
      const items = listAt(path)?.children ?? [];
      return insertIntoFlow(
        text,
        items.map(({ offset, length }) => ({ start: offset, end: offset + length })),
        index,
        item,
      );
    },
  };
}
