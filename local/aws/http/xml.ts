// S3's XML documents, read and written through a library.
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { s3Error } from '../s3-errors.ts';

/** Element names to text, nested elements, or several of either; undefined leaves the element out. */
export interface XmlElements {
  readonly [name: string]: XmlValue | readonly XmlValue[] | undefined;
}
/** What an element holds. */
type XmlValue = string | number | boolean | XmlElements;

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
});

const REPEATED = new Set(['Part', 'Object', 'Tag', 'Rule']);
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreAttributes: true,
  htmlEntities: true,
  isArray: (name) => REPEATED.has(name),
});

/** What XML 1.0 cannot carry at all, and what a parser takes for a line break: S3 writes character references. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters that need it
const NEEDS_REFERENCE = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;

/** A document with a namespace on its root: S3's, or that of another service. */
export function xmlDocument(root: string, elements: XmlElements, namespace: string = NAMESPACE): string {
  return withDeclaration({ [root]: { '@xmlns': namespace, ...elements } });
}

/** A point in time as S3's documents show it: it keeps whole seconds. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, '.000Z');
}

/** An error document, which has no namespace. */
export function errorDocument(elements: XmlElements): string {
  return withDeclaration({ Error: elements });
}

/** @throws MalformedXML unless the document is well-formed and has that root. */
export function parseXml(text: string, root: string): unknown {
  // The parser takes what it can make out of any text.
  if (XMLValidator.validate(text) !== true) throw s3Error('MalformedXML');
  let document: unknown;
  try {
    document = parser.parse(text);
  } catch {
    throw s3Error('MalformedXML');
  }
  const found = child(document, root);
  if (found === undefined) throw s3Error('MalformedXML');
  return found;
}

/** A child element of a parsed document, if there is one. */
export function child(element: unknown, name: string): unknown {
  return typeof element === 'object' && element !== null && Object.hasOwn(element, name)
    ? Reflect.get(element, name)
    : undefined;
}

/** The elements that can be repeated, as an array. */
export function children(element: unknown, name: string): unknown[] {
  const found = child(element, name);
  return Array.isArray(found) ? found : [];
}

/** The text of a child element, if there is one. */
export function text(element: unknown, name: string): string | undefined {
  const found = child(element, name);
  return typeof found === 'string' ? found : undefined;
}

function withDeclaration(document: Record<string, unknown>): string {
  const xml = builder.build({ '?xml': { '@version': '1.0', '@encoding': 'UTF-8' }, ...document });
  return xml.replace(NEEDS_REFERENCE, (character) => `&#x${character.charCodeAt(0).toString(16)};`);
}
