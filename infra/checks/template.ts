// A synthesised template as the checks of sizes see it: what only CloudFormation knows has an assumed length.

/** A resource of a template. */
export interface TemplateResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A template, as it is uploaded. */
export interface Template {
  readonly body: string;
  readonly resources: readonly TemplateResource[];
  /** Number of outputs. */
  readonly outputs: number;
  /** Number of parameters. */
  readonly parameters: number;
}

/** As long as the ARN of a key in the region and the partition with the longest names. */
const ARN = 'x'.repeat(90);

/** The length of a value as it will be deployed: a text's own, or that of the JSON without spaces; 0 for none. */
export function lengthOf(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(text(value));
}

/** A value as it will be deployed: a text, or JSON without spaces. */
export function text(value: unknown): string {
  const deployed = resolved(value);
  return typeof deployed === 'string' ? deployed : (JSON.stringify(deployed) ?? '');
}

/** A list of objects; empty for anything else. */
export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}

function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[name, argument] = ['', undefined]] = entries;
  if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) return intrinsic(name, argument);
  return Object.fromEntries(entries.map(([key, item]) => [key, resolved(item)]));
}

function intrinsic(name: string, argument: unknown): unknown {
  if (argument === 'AWS::NoValue') return undefined;
  if (argument === 'AWS::Partition') return 'aws-us-gov';
  if (argument === 'AWS::AccountId') return '111122223333';
  if (argument === 'AWS::Region') return 'ap-southeast-2';
  const values: unknown[] = Array.isArray(argument) ? argument : [argument];
  if (name === 'Fn::Join') {
    const [delimiter, parts] = values;
    return Array.isArray(parts) ? parts.map(text).join(String(delimiter)) : ARN;
  }
  if (name === 'Fn::If') {
    const [, then, otherwise] = values;
    return lengthOf(then) >= lengthOf(otherwise) ? resolved(then) : resolved(otherwise);
  }
  if (name === 'Fn::Sub') return String(values[0]);
  return ARN;
}
