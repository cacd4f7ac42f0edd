// The statements of the function's role: the table of permissions on the buckets at hand, and what it needs to run.
import { Fn, type IResolvable } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { BucketSet } from '../constructs/sync-buckets.ts';
import { copyGrants } from './copy-grants.ts';
import { allow, type Statement } from './statement.ts';

/** What the function may do with these buckets; nothing where there are none. */
export function copyStatements(sources: BucketSet, destinations: BucketSet): (Statement | IResolvable)[] {
  const { hasKeys } = sources;
  return copyGrants(sources, destinations).map((statement) =>
    hasKeys !== undefined && statement.Sid === 'DecryptSources'
      ? Fn.conditionIf(hasKeys.logicalId, statement, Fn.ref('AWS::NoValue'))
      : statement,
  );
}

/** What every function needs to run: its own log streams, and X-Ray for active tracing. */
export function runtimeStatements(logGroup: Pick<ILogGroup, 'logGroupArn'>): Statement[] {
  return [
    allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
    // X-Ray knows no resources for these (service authorization reference, AWS X-Ray).
    allow('Trace', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], ['*']),
  ];
}
