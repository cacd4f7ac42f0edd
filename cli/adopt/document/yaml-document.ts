// Pipelines in YAML: values with CloudFormation's tags written out, and a new item as text between what is there.
import {
  type CST,
  Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from 'yaml';
import { UsageError } from '../../usage-error.ts';
import { intrinsicOf, isMap as isPlainMap, type Value } from '../intrinsics.ts';
import type { Path, PipelineDocument } from './document.ts';
import { insertIntoFlow } from './flow-list.ts';

/**
 * Opens YAML text.
 * @throws UsageError when it is not YAML
 */
export function openYaml(text: string, fileName: string): PipelineDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { keepSourceTokens: true, lineCounter, strict: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new UsageError(`${fileName} is neither JSON nor YAML: ${problem.message.trimEnd()}`);
  }
  const listAt = (path: Path): YAMLSeq | undefined => {
    const node = path.reduce<unknown>(
      (parent, key) => childOf(resolved(parent, document), key),
      document.contents,
    );
    return isSeq(node) ? node : undefined;
  };
  return {
    format: 'yaml',
    value: toValue(document.contents, document),
    isList: (path) => listAt(path) !== undefined,
    insertItem: (path, index, item) => {
      const list = listAt(path);
      if (list === undefined) throw new Error(`no list at ${path.join('.')}`);
      if (list.srcToken?.type === 'block-seq') return insertIntoBlock(text, list, list.srcToken, index, item);
      const spans = list.items.map((entry) => {
        const [start = 0, end = 0] = (isNode(entry) ? entry.range : undefined) ?? [];
        return { start, end };
      });
      return insertIntoFlow(text, spans, index, item);
    },
  };
}

function insertIntoBlock(
  text: string,
  list: YAMLSeq,
  token: CST.BlockSequence,
  index: number,
  item: Value,
): string {
  const dash = token.items[index]?.start.find(({ type }) => type === 'seq-item-ind');
  if (dash === undefined) throw new Error(`no item at index ${index}`);
  const lineStart = text.lastIndexOf('\n', dash.offset - 1) + 1;
  const margin = text.slice(lineStart, dash.offset);
  let position = lineStart;
  // Comments right above the next item, as far left as its dash, belong to it.
  for (;;) {
    const above = text.lastIndexOf('\n', position - 2) + 1;
    if (above === position || !text.startsWith(`${margin}#`, above)) break;
    position = above;
  }
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const spaced = /\n[ \t]*\r?\n$/.test(text.slice(0, position));
  const lines = blockText([item], styleOf(list.items[index], dash.offset, text))
    .trimEnd()
    .split('\n');
  const written = lines.map((line) => (line === '' ? '' : margin + line)).join(lineEnd) + lineEnd;
  return text.slice(0, position) + written + (spaced ? lineEnd : '') + text.slice(position);
}

interface BlockStyle {
  readonly indent: number;
  readonly indentSeq: boolean;
}

/** How a neighbour is indented: its keys after its dash, and dashes below a key. */
function styleOf(neighbour: unknown, dashOffset: number, text: string): BlockStyle {
  const column = (offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1);
  if (!isMap(neighbour)) return { indent: 2, indentSeq: true };
  const firstKey = neighbour.range?.[0] ?? dashOffset + 2;
  const lists = neighbour.items.filter(({ value }) => isSeq(value) && value.srcToken?.type === 'block-seq');
  const [key, value] = [lists[0]?.key, lists[0]?.value];
  const keyOffset = isNode(key) ? key.range?.[0] : undefined;
  const listOffset = isNode(value) ? value.range?.[0] : undefined;
  return {
    indent: Math.max(2, column(firstKey) - column(dashOffset)),
    indentSeq: keyOffset === undefined || listOffset === undefined || column(listOffset) > column(keyOffset),
  };
}

/** Plain values as block-style YAML, with intrinsic functions in their short form. */
export function blockText(value: Value, style: BlockStyle = { indent: 2, indentSeq: true }): string {
  const document = new Document(toNode(value));
  return document.toString({ ...style, lineWidth: 0, singleQuote: true });
}

function toNode(value: Value): Node {
  const [name, argument] = intrinsicOf(value) ?? [];
  if (name !== undefined) {
    const short =
      name === 'Fn::GetAtt' && Array.isArray(argument) && argument.every((part) => typeof part === 'string')
        ? argument.join('.')
        : argument;
    const node = toNode(short);
    // A short form directly in a short form is not YAML: the inner one is an object then.
    if (node.tag === undefined) {
      node.tag = `!${name.replace('Fn::', '')}`;
      return node;
    }
  }
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    for (const item of value) list.add(toNode(item));
    return list;
  }
  if (isPlainMap(value)) {
    const map = new YAMLMap();
    for (const [key, entry] of Object.entries(value)) map.add({ key: new Scalar(key), value: toNode(entry) });
    return map;
  }
  return new Scalar(value);
}

function toValue(node: unknown, document: Document.Parsed): Value {
  const target = resolved(node, document);
  const plain = plainValue(target, document);
  const tag = isNode(target) ? target.tag : undefined;
  if (tag === undefined || !/^![A-Za-z]/.test(tag)) return plain;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return { [name]: plain };
  if (name !== 'GetAtt' || typeof plain !== 'string') return { [`Fn::${name}`]: plain };
  const [resource, ...attribute] = plain.split('.');
  return { 'Fn::GetAtt': [resource, attribute.join('.')] };
}

function plainValue(node: unknown, document: Document.Parsed): Value {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => toValue(item, document));
  if (!isMap(node)) return null;
  return Object.fromEntries(
    node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), toValue(value, document)]),
  );
}

function resolved(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function childOf(node: unknown, key: string | number): unknown {
  if (isSeq(node)) return typeof key === 'number' ? node.items[key] : undefined;
  return isMap(node)
    ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value
    : undefined;
}
