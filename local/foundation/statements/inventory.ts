// Every statement of every policy in the templates, under the names that people and decisions have for it.
import type { StackTemplate } from '../../cloudformation/cdk/assembly.ts';
import { list, record, text } from '../../pipeline/event/json.ts';

/** What a policy is attached to. */
type PolicyPlace = 'role' | 'trust' | 'key' | 'bucket' | 'other';

/** A policy document in a template. */
interface TemplatePolicy {
  readonly stack: string;
  readonly account: string;
  readonly region: string;
  /** Logical id of the resource that holds the policy. */
  readonly resource: string;
  readonly place: PolicyPlace;
  /** Of a policy of a role. */
  readonly policyName: string | undefined;
  /** Logical id of the role, key or bucket whose policy it is. */
  readonly subject: string;
  /** Its name where the template gives one: of the role or bucket, or the key's alias without `alias/`. */
  readonly owner: string;
  /** Of the template itself: what is changed in it is changed there. */
  readonly document: Record<string, unknown>;
}

/** A statement of a template. */
export interface TemplateStatement extends Omit<TemplatePolicy, 'document'> {
  /** Shortest name that no other statement has: `OWNER/LABEL`, else with the stack and what tells them apart. */
  readonly id: string;
  /** Its place in the document, from 0. */
  readonly index: number;
  /** `Sid`, `trust` for the only one of a trust policy, else `#` and its number from 1. */
  readonly label: string;
  /** How decisions call it: `Sid`, else `#` and its number from 1. */
  readonly reference: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly condition: Readonly<Record<string, unknown>>;
}

/** All statements, stack by stack. */
export function statementsOf(stacks: readonly StackTemplate[]): TemplateStatement[] {
  return named(stacks.flatMap(policiesOf).flatMap(statementsIn));
}

/** The policies of a template. */
export function policiesOf({ name: stack, account, region, template }: StackTemplate): TemplatePolicy[] {
  const resources = record(template.Resources);
  return Object.entries(resources).flatMap(([resource, declared]) => {
    const { Type, Properties } = record(declared);
    const properties = record(Properties);
    const policy = (
      place: PolicyPlace,
      document: unknown,
      subject = resource,
      policyName?: string,
    ): TemplatePolicy[] => {
      if (document === undefined) return [];
      const owner = nameOf(resources, subject);
      return [
        { stack, account, region, resource, place, policyName, subject, owner, document: record(document) },
      ];
    };
    switch (Type) {
      case 'AWS::IAM::Role':
        return [
          ...policy('trust', properties.AssumeRolePolicyDocument),
          ...list(properties.Policies)
            .map(record)
            .flatMap(({ PolicyDocument, PolicyName }) =>
              policy('role', PolicyDocument, resource, text(PolicyName)),
            ),
        ];
      case 'AWS::IAM::Policy':
        return list(properties.Roles).flatMap((role) =>
          policy('role', properties.PolicyDocument, text(record(role).Ref), text(properties.PolicyName)),
        );
      case 'AWS::KMS::Key':
        return policy('key', properties.KeyPolicy);
      case 'AWS::S3::BucketPolicy':
        return policy('bucket', properties.PolicyDocument, text(record(properties.Bucket).Ref));
      default:
        return policy('other', properties.PolicyDocument);
    }
  });
}

function statementsIn({ document, ...policy }: TemplatePolicy): Omit<TemplateStatement, 'id'>[] {
  const statements = list(document.Statement).map(record);
  return statements.map((statement, index) => {
    const reference = text(statement.Sid) ?? `#${index + 1}`;
    const alone = policy.place === 'trust' && statements.length === 1;
    return {
      ...policy,
      index,
      label: text(statement.Sid) ?? (alone ? 'trust' : reference),
      reference,
      effect: String(statement.Effect),
      actions: [statement.Action ?? []].flat().map(String),
      condition: record(statement.Condition),
    };
  });
}

/** The name that a template gives a role, a bucket or, by its alias, a key; else its logical id. */
function nameOf(resources: Readonly<Record<string, unknown>>, subject: string): string {
  const { RoleName, BucketName } = record(record(resources[subject]).Properties);
  const alias = Object.values(resources)
    .map(record)
    .find(
      ({ Type, Properties }) =>
        Type === 'AWS::KMS::Alias' && refersTo(record(Properties).TargetKeyId, subject),
    );
  const aliasName = text(record(alias?.Properties).AliasName)?.replace(/^alias\//, '');
  return text(RoleName) ?? text(BucketName) ?? aliasName ?? subject;
}

function refersTo(value: unknown, subject: string): boolean {
  const { Ref, 'Fn::GetAtt': attribute } = record(value);
  return Ref === subject || list(attribute)[0] === subject;
}

function named(statements: readonly Omit<TemplateStatement, 'id'>[]): TemplateStatement[] {
  const candidates = statements.map(({ stack, resource, owner, policyName, label }) => [
    `${owner}/${label}`,
    `${stack}/${owner}/${label}`,
    [stack, resource, policyName ?? 'policy', label].join('/'),
  ]);
  const counts = new Map<string, number>();
  for (const name of candidates.flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return statements.map((statement, index) => {
    const names = candidates[index] ?? [];
    return { id: names.find((name) => counts.get(name) === 1) ?? names.at(-1) ?? '', ...statement };
  });
}
