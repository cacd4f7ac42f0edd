// The statements of the function's role: the table of permissions on the buckets at hand, and what it needs to run.
import { type CfnCondition, Fn, type IResolvable } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { BucketSet } from '../constructs/sync-buckets.ts';
import { copyGrants } from './copy-grants.ts';
import type { Statement } from './policy.ts';

/** What the function may do with these buckets; nothing where there are none. */
export function copyStatements(sources: BucketSet, destinations: BucketSet): (Statement | IResolvable)[] {
  const onlyIf = (condition: CfnCondition | undefined, statement: Statement): Statement | IResolvable =>
    condition ? Fn.conditionIf(condition.logicalId, statement, Fn.ref('AWS::NoValue')) : statement;
  return copyGrants(sources, destinations).map((statement) =>
    onlyIf(statement.Sid === 'DecryptSources' ? sources.hasKeys : undefined, statement),
  );
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
