// Policies and roles of plain statements as the CDK takes them, and why their wildcards are as narrow as they can be.
import { Aspects, type IResolvable, Stack, Validations } from 'aws-cdk-lib';
import { CfnPolicy, CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Condition, Statement } from './statement.ts';

/** A policy document of the current version of the policy language. */
interface PolicyDocumentJson {
  readonly Version: '2012-10-17';
  readonly Statement: readonly (Statement | IResolvable)[];
}

/** Wraps statements into a policy document. */
export function policyDocument(statements: readonly (Statement | IResolvable)[]): PolicyDocumentJson {
  return { Version: '2012-10-17', Statement: statements };
}

/** The trust policy of a role that an AWS service assumes. */
export function trustService(service: string, condition?: Condition): object {
  return trust({ Service: service }, condition);
}

/**
 * The trust policy of a role that one role of another stack assumes. The principal is the account, narrowed to the role
 * by a condition, since IAM refuses a principal that does not exist yet.
 */
export function trustRole(partition: string, account: string, roleArn: string): object {
  return trust(
    { AWS: `arn:${partition}:iam::${account}:root` },
    { ArnEquals: { 'aws:PrincipalArn': roleArn } },
  );
}

function trust(principal: object, condition: Condition | undefined): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: principal,
        Action: 'sts:AssumeRole',
        ...(condition ? { Condition: condition } : {}),
      },
    ],
  };
}

/** A role of an AWS service, written out in full: constructs of aws-cdk-lib that are given it cannot add to it. */
export function exactRole(
  scope: Construct,
  id: string,
  role: {
    /** @default chosen by CloudFormation */
    readonly roleName?: string | undefined;
    /** Who assumes it, such as `lambda.amazonaws.com`. */
    readonly service: string;
    readonly trustCondition?: Condition;
    readonly statements: readonly (Statement | IResolvable)[];
    readonly wildcards: readonly Wildcard[];
  },
): IRole {
  const { roleName, service, trustCondition, statements, wildcards } = role;
  const resource = new CfnRole(scope, id, {
    ...(roleName === undefined ? {} : { roleName }),
    assumeRolePolicyDocument: trustService(service, trustCondition),
    policies: [{ policyName: 'exact', policyDocument: policyDocument(statements) }],
  });
  acknowledgeWildcards(resource, wildcards);
  return Role.fromRoleArn(scope, `${id}ByArn`, resource.attrArn, { mutable: false });
}

/** Records why wildcards in the resources of a role's policies are as narrow as they can be, for cdk-nag's IAM5. */
export function acknowledgeWildcards(scope: Construct, wildcards: readonly Wildcard[]): void {
  for (const { resources, reason } of wildcards) {
    const resolved: unknown = Stack.of(scope).resolve(resources);
    for (const resource of Array.isArray(resolved) ? resolved : [resolved]) {
      Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${flatten(resource)}]`, reason });
    }
  }
}

/**
 * Says why of the roles that aws-cdk-lib/pipelines writes for its CodeBuild projects: to assets, to self-mutation and to any
 * step that is given no role of its own. What a step's own statements add with `*` stays a finding.
 */
export function acknowledgeLibraryRoles(pipeline: Construct): void {
  Aspects.of(pipeline).add({
    visit(node) {
      if (!(node instanceof CfnPolicy)) return;
      const document: unknown = Stack.of(node).resolve(node.policyDocument);
      const values = (key: 'Action' | 'Resource'): string[] => valuesOf(document, key).map(flatten);
      const acknowledge = (kind: string, value: string): void =>
        Validations.of(node).acknowledge({
          id: `AwsSolutions-IAM5[${kind}::${value}]`,
          reason: LIBRARY_ROLE,
        });
      for (const action of values('Action')) if (LIBRARY_ACTION.test(action)) acknowledge('Action', action);
      for (const resource of values('Resource')) {
        const ofLibrary = resource === '*' && /\/(UpdatePipeline|Assets)\//.test(node.node.path);
        if (LIBRARY_RESOURCE.test(resource) || ofLibrary) acknowledge('Resource', resource);
      }
    },
  });
}

const LIBRARY_ROLE =
  'Written by aws-cdk-lib/pipelines: logs and reports of its own project, artifacts whose keys CodePipeline chooses, and bootstrap roles by their tag.';
const LIBRARY_ACTION = /^(s3:(GetBucket|GetObject|List)|kms:(GenerateDataKey|ReEncrypt))\*$/;
const LIBRARY_RESOURCE =
  /:log-group:\/aws\/codebuild\/.*\*$|:report-group\/.*\*$|:s3:::.+\/\*$|:iam::\d{12}:role\/\*$/;

function valuesOf(document: unknown, key: 'Action' | 'Resource'): unknown[] {
  const { Statement = [] } = document as { Statement?: readonly Record<string, unknown>[] };
  return Statement.flatMap((statement) => statement[key] ?? []);
}

/** Resources that hold a `*`, and why. */
export interface Wildcard {
  readonly resources: readonly string[];
  readonly reason: string;
}

// cdk-nag writes intrinsics in its finding ids as <LogicalId.Attribute>.
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flatten).join('');
  if (typeof value !== 'object' || value === null) return String(value);
  const [name, argument] = Object.entries(value)[0] ?? ['', ''];
  if (name === 'Fn::Join' && Array.isArray(argument)) return flatten(argument[1]);
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return `<${argument.join('.')}>`;
  if (name === 'Ref') return `<${String(argument)}>`;
  return JSON.stringify(value);
}
