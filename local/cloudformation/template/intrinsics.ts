// Intrinsic functions: what a template's value is once everything that it refers to is known.
import { TemplateError } from '../deployment-error.ts';

/** What intrinsic functions can refer to. Each throws a TemplateError for what is not there. */
export interface Scope {
  /** Of a parameter, resource or pseudo parameter; undefined for AWS::NoValue. */
  ref(name: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  condition(name: string): boolean;
  mapping(map: string, key: string, name: string): unknown;
  exported(name: string): string;
  /** Of a stack of the account; in the stack's own region unless it is given. */
  stackOutput(stackName: string, outputName: string, region: string | undefined): string;
}

type Intrinsic = (argument: unknown, scope: Scope, path: string) => unknown;

/** By name. What is not in it is refused: to pass it on would be to deploy something else. */
const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, scope, path) => scope.ref(text(argument, path)),
  'Fn::Base64': (argument, scope, path) =>
    Buffer.from(text(resolve(argument, scope, path), path)).toString('base64'),
  'Fn::FindInMap': (argument, scope, path) => {
    const [map, key, name] = resolvedList(argument, scope, path).map((part) => text(part, path));
    return scope.mapping(required(map, path), required(key, path), required(name, path));
  },
  'Fn::GetAtt': (argument, scope, path) => {
    const [id, attribute] = attributeOf(argument, path);
    return scope.attribute(id, attribute);
  },
  'Fn::GetStackOutput': (argument, scope, path) => {
    const { StackName, OutputName, Region, ...others } = object(resolve(argument, scope, path), path);
    const [other] = Object.keys(others);
    if (other !== undefined)
      throw new TemplateError(`Fn::GetStackOutput with ${other} is not supported`, path);
    const region = Region === undefined ? undefined : text(Region, path);
    return scope.stackOutput(text(StackName, path), text(OutputName, path), region);
  },
  'Fn::If': (argument, scope, path) => {
    const [condition, then, otherwise, ...others] = list(argument, path);
    if (others.length > 0 || otherwise === undefined) {
      throw new TemplateError('Fn::If expects a condition and two values', path);
    }
    return resolve(scope.condition(text(condition, path)) ? then : otherwise, scope, path);
  },
  'Fn::ImportValue': (argument, scope, path) => scope.exported(text(resolve(argument, scope, path), path)),
  'Fn::Join': (argument, scope, path) => {
    const [delimiter, parts] = list(argument, path);
    return resolvedList(parts, scope, path)
      .map((part) => text(part, path))
      .join(text(delimiter, path));
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, values] = resolvedList(argument, scope, path);
    const from = list(values, path);
    const selected = from[Number(index)];
    if (selected === undefined) {
      throw new TemplateError(`Fn::Select cannot select nonexistent value at index ${String(index)}`, path);
    }
    return selected;
  },
  'Fn::Split': (argument, scope, path) => {
    const [delimiter, value] = resolvedList(argument, scope, path);
    return text(value, path).split(text(delimiter, path));
  },
  'Fn::Sub': (argument, scope, path) => {
    const [template, variables = {}] = Array.isArray(argument) ? list(argument, path) : [argument];
    const given = object(resolve(variables, scope, path), path);
    return text(template, path).replaceAll(SUBSTITUTION, (_all, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (Object.hasOwn(given, name)) return text(given[name], path);
      const [id, attribute] = split(name);
      return text(attribute === undefined ? scope.ref(id) : scope.attribute(id, attribute), path);
    });
  },
};

const SUBSTITUTION = /\$\{(!?)([^}]*)\}/g;

/** The value; undefined for AWS::NoValue, which takes away the property or item. @throws TemplateError */
export function resolve(value: unknown, scope: Scope, path = ''): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item: unknown, index) => resolve(item, scope, `${path}.${index}`))
      .filter((item) => item !== undefined);
  }
  if (!isObject(value)) return value;
  const call = intrinsicOf(value, path);
  if (call !== undefined) return call.evaluate(call.argument, scope, path);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, resolve(item, scope, path === '' ? key : `${path}.${key}`)] as const)
      .filter(([, item]) => item !== undefined),
  );
}

/** A reference to a parameter or a resource. */
interface Reference {
  readonly name: string;
  readonly path: string;
}

/** What a value refers to; of Fn::If only the value that its condition takes. @throws TemplateError */
export function referencesIn(value: unknown, condition: (name: string) => boolean, path = ''): Reference[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => referencesIn(item, condition, `${path}.${index}`));
  }
  if (!isObject(value)) return [];
  const { name: intrinsic = '', argument } = intrinsicOf(value, path) ?? {};
  switch (intrinsic) {
    case 'Ref':
      return [{ name: text(argument, path), path }];
    case 'Fn::GetAtt':
      return [{ name: attributeOf(argument, path)[0], path }];
    case 'Fn::Sub': {
      const [template, variables = {}] = Array.isArray(argument) ? list(argument, path) : [argument];
      const given = object(variables, path);
      const named = [...text(template, path).matchAll(SUBSTITUTION)]
        .filter(([, literal, name = '']) => literal !== '!' && !Object.hasOwn(given, name))
        .map(([, , name = '']) => ({ name: split(name)[0], path }));
      return [...named, ...referencesIn(given, condition, path)];
    }
    case 'Fn::If': {
      const [name, then, otherwise] = list(argument, path);
      return referencesIn(condition(text(name, path)) ? then : otherwise, condition, path);
    }
    default:
      return Object.entries(value).flatMap(([key, item]) =>
        referencesIn(item, condition, path === '' ? key : `${path}.${key}`),
      );
  }
}

function intrinsicOf(
  value: Readonly<Record<string, unknown>>,
  path: string,
): { name: string; evaluate: Intrinsic; argument: unknown } | undefined {
  const name = Object.keys(value).find((key) => key === 'Ref' || key.startsWith('Fn::'));
  if (name === undefined) return undefined;
  if (Object.keys(value).length > 1) {
    throw new TemplateError(`${name} stands beside other keys: ${Object.keys(value).join(', ')}`, path);
  }
  const evaluate = INTRINSICS[name];
  if (evaluate === undefined) {
    throw new TemplateError(
      `${name} is not supported here; supported are ${Object.keys(INTRINSICS).join(', ')}`,
      path,
    );
  }
  return { name, evaluate, argument: value[name] };
}

function attributeOf(argument: unknown, path: string): [id: string, attribute: string] {
  const [id, attribute] = Array.isArray(argument)
    ? argument.map((part) => text(part, path))
    : split(text(argument, path));
  return [required(id, path), required(attribute, path)];
}

/** At the first dot: attributes may have dots of their own. */
function split(name: string): [id: string, attribute?: string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name] : [name.slice(0, dot), name.slice(dot + 1)];
}

function resolvedList(value: unknown, scope: Scope, path: string): readonly unknown[] {
  return list(resolve(value, scope, path), path);
}

/** @throws TemplateError unless it is a list. */
export function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`expected a list, found ${JSON.stringify(value)}`, path);
}

/** A text; numbers and booleans are taken for one. @throws TemplateError for anything else */
export function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`expected a text, found ${JSON.stringify(value)}`, path);
}

/** @throws TemplateError unless it is an object. */
export function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new TemplateError(`expected an object, found ${JSON.stringify(value)}`, path);
}

function required(value: string | undefined, path: string): string {
  if (value !== undefined && value !== '') return value;
  throw new TemplateError('an argument of the intrinsic function is missing', path);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
