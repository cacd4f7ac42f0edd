// The KMS key of log groups and of the alarm topic: used by the services that write to them, not through S3.
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument } from 'aws-cdk-lib/aws-iam';
import { CfnAlias, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { administerKey } from '../../permissions/artifact-store-policies.ts';
import { policyDocument } from '../../permissions/policy.ts';
import type { Statement } from '../../permissions/statement.ts';

/** What writes under the key: log groups, rules of EventBridge that publish notices, alarms that publish themselves. */
type TelemetryWriter = 'logs' | 'notices' | 'alarms';

/** Makes the key, and its alias if there is a name for it. */
export function telemetryKey(
  scope: Construct,
  id: string,
  writers: readonly TelemetryWriter[],
  aliasName?: string,
): Key {
  const stack = Stack.of(scope);
  const key = new Key(scope, id, {
    description: 'Logs and alarm messages of artifact sync',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    policy: PolicyDocument.fromJson(
      policyDocument([administerKey(stack), ...writers.map((writer) => STATEMENTS[writer](stack))]),
    ),
  });
  if (aliasName !== undefined) new CfnAlias(scope, `${id}Alias`, { aliasName, targetKeyId: key.keyArn });
  return key;
}

const STATEMENTS: Readonly<Record<TelemetryWriter, (stack: Stack) => Statement>> = {
  logs: ({ partition, region, account }) => ({
    // CloudWatch Logs user guide, "Encrypt log data": its actions, without their wildcards.
    Sid: 'EncryptLogs',
    Effect: 'Allow',
    Principal: { Service: `logs.${region}.amazonaws.com` },
    Action: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    Resource: '*',
    Condition: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
      },
    },
  }),
  // SNS developer guide, "Configuring KMS permissions": a publishing service needs exactly these two. The topic's policy
  // names the rules that may publish.
  notices: () => ({
    Sid: 'PublishNotices',
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
  }),
  alarms: ({ account }) => ({
    Sid: 'PublishAlarms',
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
    Condition: { StringEquals: { 'aws:SourceAccount': account } },
  }),
};
