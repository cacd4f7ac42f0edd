// The names, units and dimensions of every metric, shared by the function that emits them and the alarms that read them.

/** CloudWatch namespace of all metrics. */
export const METRIC_NAMESPACE = 'ArtifactSync';

/** CloudWatch units that this project uses. */
type MetricUnitName = 'Milliseconds' | 'Bytes' | 'Bytes/Second' | 'Count';

/**
 * Dimensions that a metric can carry. Every metric has exactly the ones its definition names, in alphabetical order. `FunctionName` keeps
 * two functions in one account and region from triggering each other's alarms.
 */
export type MetricDimension = 'DestinationRegion' | 'FailureType' | 'FunctionName';

/** One metric: how CloudWatch sees it. */
export interface MetricDefinition {
  readonly unit: MetricUnitName;
  readonly dimensions: readonly MetricDimension[];
  /** What one data point means. */
  readonly description: string;
}

/** Every metric of the function, by name. */
export const METRICS = {
  CopyLatency: {
    unit: 'Milliseconds',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description: 'From when the job began to copy to the proof of one copy, over all invocations of the job.',
  },
  CopyThroughput: {
    unit: 'Bytes/Second',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description: 'Bytes of one copy by its latency.',
  },
  BytesCopied: {
    unit: 'Bytes',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description: 'Bytes of one finished copy; nothing for a skipped one.',
  },
  ArtifactsCopied: {
    unit: 'Count',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description: 'One for each finished copy of an artifact to a destination.',
  },
  CopiesSkipped: {
    unit: 'Count',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description: 'One for each copy that was already there and provably the same.',
  },
  RelayFallbacks: {
    unit: 'Count',
    dimensions: ['DestinationRegion', 'FunctionName'],
    description:
      'One for each copy in Mode auto that had to be relayed since the role may not read the source.',
  },
  VerificationFailures: {
    unit: 'Count',
    dimensions: ['FunctionName'],
    description: 'One for each copy whose destination was not what the source is.',
  },
  JobLatency: {
    unit: 'Milliseconds',
    dimensions: ['FunctionName'],
    description: 'From the first invocation of the job to its final result.',
  },
  JobsSucceeded: {
    unit: 'Count',
    dimensions: ['FunctionName'],
    description: 'One for each job reported as a success.',
  },
  JobsFailed: {
    unit: 'Count',
    dimensions: ['FailureType', 'FunctionName'],
    description: 'One for each job reported as a failure, by the failure type that CodePipeline was given.',
  },
  Continuations: {
    unit: 'Count',
    dimensions: ['FunctionName'],
    description: 'One for each invocation that ended with a continuation token.',
  },
  ThrottledRequests: {
    unit: 'Count',
    dimensions: ['FunctionName'],
    description: 'Requests that AWS answered with a throttling error, retries included.',
  },
} as const satisfies Record<string, MetricDefinition>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;
