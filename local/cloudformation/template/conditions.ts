// Conditions and rules: functions that say true or false of parameters, before anything is made.
import { TemplateError } from '../deployment-error.ts';
import { list, resolve, type Scope, text } from './intrinsics.ts';
import type { CheckedTemplate } from './template.ts';

type Test = (argument: unknown, scope: Scope, path: string) => boolean;

/** CloudFormation template reference, condition functions and rule-specific functions. */
const TESTS: Readonly<Record<string, Test>> = {
  Condition: (argument, scope, path) => scope.condition(text(argument, path)),
  'Fn::And': (argument, scope, path) => operands(argument, path).every((each) => holds(each, scope, path)),
  'Fn::Or': (argument, scope, path) => operands(argument, path).some((each) => holds(each, scope, path)),
  'Fn::Not': (argument, scope, path) => {
    const [operand, ...others] = list(argument, path);
    if (others.length > 0) throw new TemplateError('Fn::Not expects one condition', path);
    return !holds(operand, scope, path);
  },
  'Fn::Equals': (argument, scope, path) => {
    const [one, other] = list(argument, path).map((each) => text(resolve(each, scope, path), path));
    return one === other;
  },
  'Fn::Contains': (argument, scope, path) => {
    const [values, value] = list(argument, path).map((each) => resolve(each, scope, path));
    return list(values, path).map(String).includes(text(value, path));
  },
};

/** Whether a condition holds. @throws TemplateError for a function that is not known */
export function holds(condition: unknown, scope: Scope, path: string): boolean {
  const entries = typeof condition === 'object' && condition !== null ? Object.entries(condition) : [];
  const [[name, argument] = ['', undefined]] = entries;
  const test = TESTS[name];
  if (test === undefined || entries.length !== 1) {
    throw new TemplateError(
      `expected one of ${Object.keys(TESTS).join(', ')}, found ${JSON.stringify(condition)}`,
      path,
    );
  }
  return test(argument, scope, path);
}

/** A scope's conditions, each evaluated when it is first asked for. @throws TemplateError for one that is not there, or needs itself */
export function conditionsOf({ Conditions }: CheckedTemplate, scope: Scope): (name: string) => boolean {
  const known = new Map<string, boolean | 'evaluating'>();
  return (name) => {
    const before = known.get(name);
    if (before === 'evaluating')
      throw new TemplateError(`Circular condition dependency: ${name}`, `Conditions.${name}`);
    if (before !== undefined) return before;
    if (!Object.hasOwn(Conditions, name)) {
      throw new TemplateError(`Template format error: Unresolved condition dependency ${name}`);
    }
    known.set(name, 'evaluating');
    const result = holds(Conditions[name], scope, `Conditions.${name}`);
    known.set(name, result);
    return result;
  };
}

/** Checks the rules. @throws TemplateError with the description of the assertion that does not hold */
export function checkRules({ Rules }: CheckedTemplate, scope: Scope): void {
  for (const [name, { RuleCondition, Assertions }] of Object.entries(Rules)) {
    const path = `Rules.${name}`;
    if (RuleCondition !== undefined && !holds(RuleCondition, scope, path)) continue;
    for (const { Assert, AssertDescription = JSON.stringify(Assert) } of Assertions) {
      if (!holds(Assert, scope, path)) {
        throw new TemplateError(`Template validation error: ${AssertDescription}`, path);
      }
    }
  }
}

function operands(argument: unknown, path: string): readonly unknown[] {
  const given = list(argument, path);
  if (given.length < 2 || given.length > 10) {
    throw new TemplateError(`expected 2 to 10 conditions, found ${given.length}`, path);
  }
  return given;
}
