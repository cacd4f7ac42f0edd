// The statements of the function's role: the table of permissions on the buckets at hand, and what it needs to run.
import { type CfnCondition, Fn, type IResolvable } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { BucketSet } from '../constructs/sync-buckets.ts';
import { actionsOn } from './function-permissions.ts';
import type { Statement } from './policy.ts';

/** What the table of function-permissions.ts says, on these buckets; nothing where there are none. */
export function copyStatements(sources: BucketSet, destinations: BucketSet): (Statement | IResolvable)[] {
  const grants = (
    sid: string,
    action: string[],
    resource: string[],
    condition?: Statement['Condition'],
  ): Statement => ({
    Sid: sid,
    Effect: 'Allow',
    Action: action,
    Resource: resource,
    ...(condition ? { Condition: condition } : {}),
  });
  const onlyIf = (condition: CfnCondition | undefined, statement: Statement): Statement | IResolvable =>
    condition ? Fn.conditionIf(condition.logicalId, statement, Fn.ref('AWS::NoValue')) : statement;
  const statements: Statement[] = [
    grants('FindSources', actionsOn('source bucket'), sources.bucketArns),
    grants('ReadSources', actionsOn('source objects'), sources.objectArns),
    grants(
      'DecryptSources',
      actionsOn('source keys'),
      sources.keyArns,
      // Which region's S3 decrypts in a cross-region copy is not documented: that of the source or of a destination.
      viaService([...sources.viaServices, ...destinations.viaServices]),
    ),
    grants('FindDestinations', actionsOn('destination buckets'), destinations.bucketArns),
    grants('ReadAndWriteDestinations', actionsOn('destination objects'), destinations.objectArns),
    grants(
      'EncryptDestinations',
      actionsOn('destination keys'),
      destinations.keyArns,
      viaService(destinations.viaServices),
    ),
    grants('AnswerJobs', actionsOn('any job'), ['*']),
  ];
  return statements
    .filter(({ Resource }) => Resource.length > 0)
    .map((statement) => onlyIf(statement.Sid === 'DecryptSources' ? sources.hasKeys : undefined, statement));
}

function viaService(services: readonly string[]): NonNullable<Statement['Condition']> {
  const values = [...new Set(services)];
  const operator = values.some((value) => value.includes('*')) ? 'StringLike' : 'StringEquals';
  return { [operator]: { 'kms:ViaService': values } };
}

/** What every function needs to run: its own log streams, and X-Ray for active tracing. */
export function runtimeStatements(logGroup: Pick<ILogGroup, 'logGroupArn'>): Statement[] {
  return [
    {
      Sid: 'WriteLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [logGroup.logGroupArn],
    },
    {
      Sid: 'Trace',
      Effect: 'Allow',
      // X-Ray knows no resources for these (service authorization reference, AWS X-Ray).
      Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      Resource: ['*'],
    },
  ];
}
