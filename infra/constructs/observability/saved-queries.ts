// Queries of the run book, saved where CloudWatch Logs Insights offers them.
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** Props of SavedQueries. */
export interface SavedQueriesProps {
  /** The log groups that are searched. */
  readonly logGroups: readonly ILogGroup[];
  /**
   * Folder of the queries.
   * @default 'artifact-sync'
   */
  readonly folder?: string;
}

/**
 * The queries by name. Replace REQUEST-ID by the external execution id that the red action shows: it is the id of the Lambda
 * request, and leads to the correlation id of all invocations of the job.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
export const SAVED_QUERIES: Readonly<Record<string, string>> = {
  'one invocation': `fields @timestamp, level, message, reason, pipeline, stage, action
| filter requestId = "REQUEST-ID" or @requestId = "REQUEST-ID"
| sort @timestamp asc`,
  'one job, all invocations': `fields @timestamp, requestId, level, message, reason
| filter correlation_id = "CORRELATION-ID"
| sort @timestamp asc`,
  'one execution of a pipeline': `fields @timestamp, stage, action, level, message, reason, correlation_id
| filter pipelineExecutionId = "EXECUTION-ID"
| sort @timestamp asc`,
  'failed jobs': `fields @timestamp, pipeline, stage, action, failureType, reason, requestId, correlation_id
| filter level = "ERROR"
| sort @timestamp desc
| limit 100`,
  'failures by type': `filter level = "ERROR"
| stats count() as jobs by failureType, bin(1d)`,
  'ended by Lambda': `fields @timestamp, @message
| filter @message like /Task timed out|Runtime exited|OutOfMemory|Status: error/
| sort @timestamp desc
| limit 100`,
};

/** The saved queries. */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, props: SavedQueriesProps) {
    super(scope, id);
    for (const [name, queryString] of Object.entries(SAVED_QUERIES)) {
      new CfnQueryDefinition(this, name, {
        name: `${props.folder ?? 'artifact-sync'}/${name}`,
        queryString,
        logGroupNames: props.logGroups.map(({ logGroupName }) => logGroupName),
      });
    }
  }
}
