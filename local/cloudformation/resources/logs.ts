// Log groups, resource policies of CloudWatch Logs, and saved queries.
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import { parsePolicy } from '../../aws/iam/parse-policy.ts';
import { physicalId, physicalName, regionalArn } from '../resource-kind/physical-name.ts';
import { arn, integer, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { type ApiCall, type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';

/** CloudWatch Logs API, PutRetentionPolicy. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** AWS::Logs::LogGroup */
export const logGroup = resourceKind({
  properties: v.strictObject({
    LogGroupName: v.optional(text(512, /^[.\-_/#A-Za-z0-9]+$/)),
    RetentionInDays: v.optional(v.pipe(integer(1, 3653), v.values(RETENTION_DAYS))),
    KmsKeyId: v.optional(arn('kms')),
    LogGroupClass: v.optional(v.picklist(['STANDARD', 'INFREQUENT_ACCESS'])),
    Tags: tags,
  }),
  identify({ LogGroupName }, context) {
    const name = physicalName(LogGroupName, context, 512);
    return { ref: name, attributes: { Arn: `${groupArn(name, context)}:*` } };
  },
  check({ KmsKeyId }, { ref: name }, context) {
    if (KmsKeyId !== undefined) requireKey(KmsKeyId, groupArn(name, context), context);
  },
  calls({ RetentionInDays, KmsKeyId }, { ref: name }, context) {
    const group = groupArn(name, context);
    // IAM sees a group with the streams that it has, and all groups where one is looked for (as messages of denials show).
    const onGroup = (action: string): ApiCall => [`logs:${action}`, `${group}:log-stream:`];
    const describe: ApiCall = ['logs:DescribeLogGroups', `${groupArn('', context)}:log-stream:`];
    const retain = onGroup(RetentionInDays === undefined ? 'DeleteRetentionPolicy' : 'PutRetentionPolicy');
    return {
      create: [
        describe,
        onGroup('CreateLogGroup'),
        // CloudFormation's own tags, aws:cloudformation:stack-name and so on.
        ['logs:TagResource', group],
        ...(RetentionInDays === undefined ? [] : [retain]),
      ],
      read: [describe, ['logs:ListTagsForResource', group]],
      update: (before) => [
        describe,
        ...(before.RetentionInDays === RetentionInDays ? [] : [retain]),
        ...(before.KmsKeyId === KmsKeyId
          ? []
          : [onGroup(KmsKeyId === undefined ? 'DisassociateKmsKey' : 'AssociateKmsKey')]),
      ],
      delete: [describe, onGroup('DeleteLogGroup')],
    };
  },
});

/** AWS::Logs::ResourcePolicy */
export const logsResourcePolicy = resourceKind({
  properties: v.strictObject({ PolicyName: text(255), PolicyDocument: policyDocument }),
  identify: ({ PolicyName }) => ({ ref: PolicyName, attributes: {} }),
  check({ PolicyName, PolicyDocument }, _identity, { world }) {
    world.requirePrincipals(parsePolicy('resource', `logs resource policy ${PolicyName}`, PolicyDocument));
  },
});

/** AWS::Logs::QueryDefinition */
export const queryDefinition = resourceKind({
  properties: v.strictObject({
    Name: text(255),
    QueryString: text(10_000),
    LogGroupNames: v.optional(v.pipe(v.array(text(512)), v.maxLength(50))),
  }),
  identify(_properties, context) {
    const id = physicalId(context);
    return { ref: id, attributes: { QueryDefinitionId: id } };
  },
});

function groupArn(name: string, context: ResourceContext): string {
  return regionalArn('logs', `log-group:${name}`, context);
}

/** CloudWatch Logs guide, encrypt log data: the service itself must be allowed to use the key for the group. */
function requireKey(
  keyArn: string,
  group: string,
  { world, region, account, decide }: ResourceContext,
): void {
  const key = world.keys.get(keyArn);
  const facts = {
    'aws:SourceAccount': account,
    'aws:SourceArn': group,
    'kms:EncryptionContext:aws:logs:arn': group,
    'kms:ResourceAliases': [...(key?.aliases ?? [])],
  };
  const usable = ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'].every(
    (action) =>
      decide({ type: 'Service', arn: `logs.${region}.amazonaws.com` }, action, keyArn, facts).effect ===
      'Allow',
  );
  if (key?.state !== 'Enabled' || key.region !== region || !usable) {
    throw new AwsError(
      400,
      'InvalidParameterException',
      `The specified KMS key ${keyArn} does not exist or is not allowed to be used with Arn '${group}'`,
    );
  }
}
