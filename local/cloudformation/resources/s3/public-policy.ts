// Which bucket policies are public (S3 user guide, blocking public access: the meaning of "public").
import * as v from 'valibot';
import { oneOrMany } from '../../resource-kind/properties.ts';

const statements = v.object({
  Statement: oneOrMany(
    v.object({
      Effect: v.string(),
      Principal: v.optional(v.union([v.string(), v.record(v.string(), oneOrMany(v.string()))])),
      Condition: v.optional(v.record(v.string(), v.record(v.string(), oneOrMany(v.unknown()))), {}),
    }),
  ),
});

/** Keys that tell who asks or from where: a fixed value of one makes a statement for everybody not public. */
const NARROWING =
  /^(aws:(CalledVia|PrincipalAccount|PrincipalArn|PrincipalOrgID|PrincipalOrgPaths|SourceAccount|SourceArn|SourceIp|SourceOwner|SourceVpc|SourceVpce|userid)|s3:DataAccessPoint(Account|Arn)|s3:x-amz-server-side-encryption-aws-kms-key-id)$/i;

/** Whether a valid policy allows something to everybody. */
export function isPublic(document: string): boolean {
  const { Statement } = v.parse(statements, JSON.parse(document));
  return Statement.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' &&
      (Principal === '*' || (typeof Principal === 'object' && Principal.AWS?.includes('*') === true)) &&
      !Object.entries(Condition).some(
        ([operator, comparisons]) =>
          !/Not|Null|IfExists/.test(operator) && Object.entries(comparisons).some(isFixed),
      ),
  );
}

function isFixed([key, values]: readonly [string, readonly unknown[]]): boolean {
  return NARROWING.test(key) && values.every((value) => !/[*?]/.test(String(value)));
}
