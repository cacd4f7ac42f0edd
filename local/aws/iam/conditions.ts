// The Condition element: from a block of operators, keys and values to predicates on the request.

import { isObject } from '../json-object.ts';
import { findConditionKey } from './condition-keys.ts';
import { OPERATORS } from './operators.ts';
import type { Context } from './policy.ts';
import { PolicyError, unsupported } from './policy-error.ts';

type Predicate = (context: Context) => boolean;

/** The predicates of a block, which must all hold. @throws PolicyError for what cannot be evaluated */
export function parseConditions(block: unknown, variables: boolean): Predicate[] {
  if (!isObject(block)) throw new PolicyError('Syntax errors in policy. Condition is not an object.');
  return Object.entries(block).flatMap(([operator, comparisons]) => {
    if (!isObject(comparisons)) {
      throw new PolicyError(`Syntax errors in policy. Condition ${operator} is not an object.`);
    }
    return Object.entries(comparisons).map(([key, values]) =>
      parseCondition(operator, key, valuesOf(values, `${operator} ${key}`), variables),
    );
  });
}

function parseCondition(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): Predicate {
  const known = findConditionKey(key);
  if (known === undefined) throw unsupported(`the condition key ${key}`);
  const name = key.toLowerCase();
  const [, set, base = '', ifExists] =
    /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (base === 'Null') {
    if (set !== undefined || ifExists !== undefined) throw unsupported(`the condition operator ${operator}`);
    const wanted = values.map(requireBool);
    return (context) => wanted.includes(!context.has(name));
  }
  const comparison = Object.hasOwn(OPERATORS, base) ? OPERATORS[base] : undefined;
  if (comparison === undefined) throw unsupported(`the condition operator ${operator}`);
  if (known.multivalued === true && set === undefined) {
    throw unsupported(`${operator} on ${key}, which has many values: use ForAnyValue or ForAllValues,`);
  }
  const matchers = values.map((value) => comparison.compile(value, variables));
  const compares = (value: string, context: Context): boolean =>
    matchers.some((matches) => matches(value, context)) !== comparison.negated;
  const ifAbsent =
    ifExists !== undefined || set === 'ForAllValues' || (set === undefined && comparison.negated);
  return (context) => {
    const actual = context.get(name);
    if (actual === undefined) return ifAbsent;
    return set === 'ForAllValues'
      ? actual.every((value) => compares(value, context))
      : actual.some((value) => compares(value, context));
  };
}

function requireBool(value: string): boolean {
  if (value !== 'true' && value !== 'false') {
    throw new PolicyError(`Null condition with "${value}": expected true or false`);
  }
  return value === 'true';
}

function valuesOf(values: unknown, where: string): string[] {
  return (Array.isArray(values) ? values : [values]).map((value: unknown) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new PolicyError(`Syntax errors in policy. Condition ${where} has a value that is no text.`);
  });
}
