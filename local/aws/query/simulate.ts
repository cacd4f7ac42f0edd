// IAM's SimulatePrincipalPolicy, which decides by the policies of a user or role alone.
import { AwsError } from '../aws-error.ts';
import type { XmlElements } from '../http/xml.ts';
import { decide } from '../iam/evaluate.ts';
import { authorize, type QueryRequest, required } from './request.ts';

const DECISIONS = { Allow: 'allowed', ExplicitDeny: 'explicitDeny', ImplicitDeny: 'implicitDeny' } as const;

/** IAM API, SimulatePrincipalPolicy: every action on every resource, without the policies of resources. */
export function simulatePrincipalPolicy(request: QueryRequest): XmlElements {
  const { world, text } = request;
  const arn = required(request, 'PolicySourceArn');
  authorize(request, 'iam:SimulatePrincipalPolicy', arn);
  if (text('ResourcePolicy') !== undefined || text('PolicyInputList.member.1') !== undefined) {
    throw new AwsError(501, 'NotImplemented', 'The embedded AWS simulates attached policies only');
  }
  const caller = world.principal(arn);
  if (caller === undefined) {
    throw new AwsError(404, 'NoSuchEntity', `The principal with ARN ${arn} cannot be found.`);
  }
  required(request, 'ActionNames.member.1');
  const given = members(request, 'ResourceArns');
  const resources = given.length === 0 ? ['*'] : given;
  const facts = Object.fromEntries(contextEntries(request));
  const results = members(request, 'ActionNames').flatMap((action) =>
    resources.map((resource) => ({
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: DECISIONS[decide({ caller, action, resource, facts }).effect],
    })),
  );
  return { EvaluationResults: { member: results }, IsTruncated: false };
}

function contextEntries(request: QueryRequest): [string, string[]][] {
  const entries: [string, string[]][] = [];
  for (let index = 1; ; index += 1) {
    const prefix = `ContextEntries.member.${index}`;
    const name = request.text(`${prefix}.ContextKeyName`);
    if (name === undefined) return entries;
    entries.push([name, members(request, `${prefix}.ContextKeyValues`)]);
  }
}

/** The values of a list, which the query protocol numbers from 1. */
function members({ text }: QueryRequest, name: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = text(`${name}.member.${index}`);
    if (value === undefined) return values;
    values.push(value);
  }
}
