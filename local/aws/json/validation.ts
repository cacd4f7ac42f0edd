// Checks inputs against the limits of an API model and complains as AWS services do.
import { AwsError } from '../aws-error.ts';

/** What a member must be. */
interface Limits {
  readonly required?: boolean;
  readonly type: 'string' | 'number' | 'object';
  /** Of the length of a string, or of the value of a number. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/** Limits by path, such as `failureDetails.message`; a child is looked at only where its parent is given. */
export type Model = Readonly<Record<string, Limits>>;

/** @throws ValidationException that lists everything wrong. */
export function validate(input: unknown, model: Model): void {
  const problems = Object.entries(model).flatMap(([path, limits]) => check(input, path, limits));
  if (problems.length > 0) {
    const errors = problems.length === 1 ? 'error' : 'errors';
    throw validationError(`${problems.length} validation ${errors} detected: ${problems.join('; ')}`);
  }
}

/** The error for an input that breaks a limit. */
export function validationError(message: string): AwsError {
  return new AwsError(400, 'ValidationException', message);
}

/** The value at a dotted path, if everything on the way is there. */
export function valueAt(input: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? Reflect.get(value, name)
      : undefined;
  }, input);
}

/** The string at a dotted path, if there is one. */
export function stringAt(input: unknown, path: string): string | undefined {
  const value = valueAt(input, path);
  return typeof value === 'string' ? value : undefined;
}

function check(input: unknown, path: string, limits: Limits): string[] {
  const value = valueAt(input, path) ?? undefined;
  const parent = path.includes('.') ? valueAt(input, path.slice(0, path.lastIndexOf('.'))) : input;
  if (parent === undefined || parent === null) return [];
  const must = (what: string): string[] => [
    `Value ${shown(value)}at '${path}' failed to satisfy constraint: Member must ${what}`,
  ];
  if (value === undefined) return limits.required === true ? must('not be null') : [];
  if (typeof value !== limits.type) {
    throw new AwsError(400, 'SerializationException', `${path} must be a ${limits.type}`);
  }
  const isText = typeof value === 'string';
  const size = isText ? value.length : typeof value === 'number' ? value : 0;
  const quality = isText ? 'length' : 'value';
  if (limits.min !== undefined && size < limits.min) {
    return must(`have ${quality} greater than or equal to ${limits.min}`);
  }
  if (limits.max !== undefined && size > limits.max) {
    return must(`have ${quality} less than or equal to ${limits.max}`);
  }
  if (isText && limits.pattern !== undefined && !limits.pattern.test(value)) {
    return must(`satisfy regular expression pattern: ${limits.pattern.source}`);
  }
  if (isText && limits.oneOf !== undefined && !limits.oneOf.includes(value)) {
    return must(`satisfy enum value set: [${limits.oneOf.join(', ')}]`);
  }
  return [];
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `'${String(value).slice(0, 100)}' ` : '';
}
