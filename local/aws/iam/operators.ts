// The comparison operators of conditions, as data; all others are refused.
import { ARN_PARTS, compileArnPattern, compilePattern } from './pattern.ts';
import type { Matcher } from './policy.ts';
import { PolicyError, unsupported } from './policy-error.ts';

/** One comparison. */
interface Operator {
  /** The comparison with one value of the policy. @throws PolicyError for a value that it can never compare */
  readonly compile: (policyValue: string, variables: boolean) => Matcher;
  /** `…Not…`: true where none of the values compares, and for an absent key. */
  readonly negated: boolean;
}

/** By name, without `ForAnyValue:`, `ForAllValues:` and `IfExists`. `Null` is not one of them: it compares nothing. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...pair('StringEquals', 'StringNotEquals', (value, variables) =>
    compilePattern(value, { wildcards: false, variables }),
  ),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', (value, variables) =>
    compilePattern(value, { wildcards: false, variables, ignoreCase: true }),
  ),
  ...pair('StringLike', 'StringNotLike', (value, variables) =>
    compilePattern(value, { wildcards: true, variables }),
  ),
  // ArnEquals and ArnLike behave identically (IAM user guide, ARN condition operators).
  ...pair('ArnEquals', 'ArnNotEquals', arnLike),
  ...pair('ArnLike', 'ArnNotLike', arnLike),
  ...pair(
    'NumericEquals',
    'NumericNotEquals',
    numeric((actual, wanted) => actual === wanted),
  ),
  NumericLessThan: { compile: numeric((actual, wanted) => actual < wanted), negated: false },
  NumericLessThanEquals: { compile: numeric((actual, wanted) => actual <= wanted), negated: false },
  NumericGreaterThan: { compile: numeric((actual, wanted) => actual > wanted), negated: false },
  NumericGreaterThanEquals: { compile: numeric((actual, wanted) => actual >= wanted), negated: false },
  Bool: { compile: bool, negated: false },
};

function pair(positive: string, negative: string, compile: Operator['compile']): Record<string, Operator> {
  return { [positive]: { compile, negated: false }, [negative]: { compile, negated: true } };
}

function arnLike(value: string, variables: boolean): Matcher {
  if (value.replace(/\$\{[^}]*\}/g, '').split(':').length < ARN_PARTS) {
    throw unsupported(`an ARN condition with "${value}", which is no ARN of ${ARN_PARTS} parts`);
  }
  return compileArnPattern(value, 'condition', variables);
}

function numeric(holds: (actual: number, wanted: number) => boolean): Operator['compile'] {
  return (value) => {
    const wanted = value.trim() === '' ? Number.NaN : Number(value);
    if (Number.isNaN(wanted)) {
      throw new PolicyError(`Numeric condition with "${value}": expected a number`);
    }
    return (actual) => holds(Number(actual), wanted);
  };
}

function bool(value: string): Matcher {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') {
    throw new PolicyError(`Bool condition with "${value}": expected true or false`);
  }
  return (actual) => actual.toLowerCase() === wanted;
}
