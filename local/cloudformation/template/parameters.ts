// Parameters of a template: what is given for them, or their defaults, held against what they allow.
import { TemplateError } from '../deployment-error.ts';
import type { CheckedTemplate, ParameterDeclaration } from './template.ts';

/** What a parameter is in the template: a text, or a list of texts. */
export type ParameterValue = string | readonly string[];

const SSM = /^AWS::SSM::Parameter::Value<(.+)>$/;

/**
 * The value of each parameter.
 *
 * @param ssm the value of a parameter in the Parameter Store of the account and region, if it is there
 * @throws TemplateError
 */
export function parameterValues(
  { Parameters }: CheckedTemplate,
  given: Readonly<Record<string, string>>,
  ssm: (name: string) => string | undefined,
): ReadonlyMap<string, ParameterValue> {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(Parameters, name));
  if (unknown.length > 0) {
    throw new TemplateError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  }
  const missing = Object.keys(Parameters).filter(
    (name) => given[name] === undefined && Parameters[name]?.Default === undefined,
  );
  if (missing.length > 0) {
    throw new TemplateError(`Parameters: [${missing.join(', ')}] must have values`);
  }
  return new Map(
    Object.entries(Parameters).map(([name, declaration]) => {
      const value = String(given[name] ?? declaration.Default);
      const problem = problemWith(value, declaration);
      if (problem !== undefined) {
        const explanation = declaration.ConstraintDescription ?? problem;
        throw new TemplateError(
          `Parameter ${name} has the value "${value}", but ${explanation}`,
          `Parameters.${name}`,
        );
      }
      return [name, parsedValue(name, value, declaration, ssm)] as const;
    }),
  );
}

function parsedValue(
  name: string,
  value: string,
  { Type }: ParameterDeclaration,
  ssm: (name: string) => string | undefined,
): ParameterValue {
  const [, stored] = SSM.exec(Type) ?? [];
  const actual = stored === undefined ? value : ssm(value);
  if (actual === undefined) {
    throw new TemplateError(
      `Unable to fetch parameters [${value}] from parameter store for this account.`,
      `Parameters.${name}`,
    );
  }
  const type = stored ?? Type;
  if (type === 'String' || type === 'Number') return actual;
  if (type === 'CommaDelimitedList' || type === 'List<Number>' || type === 'List<String>') {
    return actual.split(',').map((item) => item.trim());
  }
  throw new TemplateError(`Parameters of type ${Type} are not supported here`, `Parameters.${name}`);
}

function problemWith(value: string, declaration: ParameterDeclaration): string | undefined {
  const { Type, AllowedValues, AllowedPattern, MinLength, MaxLength, MinValue, MaxValue } = declaration;
  const items = Type === 'CommaDelimitedList' ? value.split(',').map((item) => item.trim()) : [value];
  const number = Number(value);
  if (AllowedValues !== undefined && !items.every((item) => AllowedValues.map(String).includes(item))) {
    return `must be one of ${AllowedValues.join(', ')}`;
  }
  if (
    AllowedPattern !== undefined &&
    !items.every((item) => new RegExp(`^(?:${AllowedPattern})$`).test(item))
  ) {
    return `must match pattern ${AllowedPattern}`;
  }
  if (MinLength !== undefined && value.length < MinLength)
    return `must have at least ${MinLength} characters`;
  if (MaxLength !== undefined && value.length > MaxLength) return `must have at most ${MaxLength} characters`;
  if (Type !== 'Number') return undefined;
  if (value.trim() === '' || Number.isNaN(number)) return 'must be a number';
  if (MinValue !== undefined && number < MinValue) return `must be at least ${MinValue}`;
  if (MaxValue !== undefined && number > MaxValue) return `must be at most ${MaxValue}`;
  return undefined;
}
