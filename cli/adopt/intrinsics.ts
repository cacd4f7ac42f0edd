// CloudFormation's intrinsic functions as plain values: `{ "Ref": "Bucket" }`, whichever way they are written down.
import { isDeepStrictEqual } from 'node:util';

/** A value of a template as JSON has it; intrinsic functions are objects with one key. */
export type Value = unknown;

/** CloudFormation user guide, pseudo parameters: the region of the stack. */
export const STACK_REGION: Value = { Ref: 'AWS::Region' };

/** Whether a value is an object with names, not a list. */
export function isMap(value: Value): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an intrinsic function. */
export function isIntrinsic(value: Value): boolean {
  return intrinsicOf(value) !== undefined;
}

/** Name and argument of an intrinsic function. */
export function intrinsicOf(value: Value): readonly [name: string, argument: Value] | undefined {
  if (!isMap(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0) return undefined;
  return /^(?:Ref|Condition|Fn::.+)$/.test(entry[0]) ? entry : undefined;
}

/** Whether two values are the same expression; `!Sub ${X}` is `!Ref X`. */
export function sameValue(a: Value, b: Value): boolean {
  return isDeepStrictEqual(simplified(a), simplified(b));
}

/** A value as a message shows it. */
export function show(value: Value): string {
  const [name, argument] = intrinsicOf(value) ?? [];
  if (name === 'Ref') return `!Ref ${String(argument)}`;
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return `!GetAtt ${argument.join('.')}`;
  if (name === 'Fn::Sub' && typeof argument === 'string') return argument;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A condition of the template, and whether it must hold. */
export interface Branch {
  readonly condition: string;
  readonly holds: boolean;
}

/** One of the values that `Fn::If` chooses from, with the conditions under which it does. */
interface Alternative {
  readonly value: Value;
  readonly branches: readonly Branch[];
}

/** All values that an expression can have, `AWS::NoValue` left out. */
export function alternativesOf(value: Value, branches: readonly Branch[] = []): Alternative[] {
  const [name, argument] = intrinsicOf(value) ?? [];
  if (name === 'Ref' && argument === 'AWS::NoValue') return [];
  if (name !== 'Fn::If' || !Array.isArray(argument)) return [{ value, branches }];
  const [condition, whenTrue, whenFalse]: Value[] = argument;
  return [
    ...alternativesOf(whenTrue, [...branches, { condition: String(condition), holds: true }]),
    ...alternativesOf(whenFalse, [...branches, { condition: String(condition), holds: false }]),
  ];
}

/** The items that a list can have, where the list and each of its items may be chosen by `Fn::If`. */
export function itemsOf(list: Value): Alternative[] {
  return alternativesOf(list).flatMap(({ value, branches }) =>
    Array.isArray(value) ? value.flatMap((item: Value) => alternativesOf(item, branches)) : [],
  );
}

/** Makes strings with intrinsic functions in them: the text of `Fn::Sub`, and the variables that it needs. */
export class Substitution {
  readonly #variables = new Map<string, Value>();
  readonly #taken: ReadonlySet<string>;

  /** `taken` are the names that mean something in the template. */
  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  /** What stands for a value in the text; literal text has escaped what `Fn::Sub` would replace. */
  text(value: Value): string {
    const [name, argument] = intrinsicOf(value) ?? [];
    if (name === undefined) return String(value).replaceAll('${', '${!');
    if (name === 'Ref') return `\${${String(argument)}}`;
    if (
      name === 'Fn::GetAtt' &&
      Array.isArray(argument) &&
      argument.every((part) => typeof part === 'string')
    ) {
      return `\${${argument.join('.')}}`;
    }
    if (name === 'Fn::Sub' && typeof argument === 'string') return argument;
    return `\${${this.#variable(value)}}`;
  }

  /** The string that a text means, or the `Fn::Sub` that makes it. */
  value(text: string): Value {
    const references = [...text.matchAll(/\$\{([^!{}][^{}]*)\}/g)].map(([, name = '']) => name);
    if (references.length === 0) return text.replaceAll('${!', '${');
    const [only = ''] = references;
    if (text === `\${${only}}`) return this.#variables.get(only) ?? referenceTo(only);
    const variables = [...this.#variables].filter(([name]) => references.includes(name));
    return { 'Fn::Sub': variables.length > 0 ? [text, Object.fromEntries(variables)] : text };
  }

  #variable(value: Value): string {
    for (const [name, known] of this.#variables) if (sameValue(known, value)) return name;
    let number = this.#variables.size + 1;
    while (this.#taken.has(`SyncValue${number}`)) number++;
    const name = `SyncValue${number}`;
    this.#variables.set(name, value);
    return name;
  }
}

function simplified(value: Value): Value {
  const [name, argument] = intrinsicOf(value) ?? [];
  if (name !== 'Fn::Sub' || typeof argument !== 'string') return value;
  const [, reference] = /^\$\{([^!{}][^{}]*)\}$/.exec(argument) ?? [];
  if (reference === undefined) return argument.includes('${') ? value : argument;
  return referenceTo(reference);
}

/** What `${…}` in the text of `Fn::Sub` means. */
function referenceTo(reference: string): Value {
  const [resource, ...attribute] = reference.split('.');
  return attribute.length === 0 ? { Ref: resource } : { 'Fn::GetAtt': [resource, attribute.join('.')] };
}
