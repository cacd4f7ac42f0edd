// Alarms on the function's metrics and on Lambda's own, and one composite alarm over all of them.
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { SyncArtifactsFunction } from '../sync-artifacts-function.ts';
import { RUN_BOOK, runBookSection } from './run-book.ts';
import {
  failedJobs,
  METRIC_PERIOD,
  type MeasuredFunction,
  overAllRegions,
  syncMetric,
} from './sync-metrics.ts';

/** A destination region and when its copies are too slow. */
export interface LatencyThreshold {
  /** The region of the destination. */
  readonly region: string;
  /** What the 99th percentile of copy latency may be, in milliseconds. */
  readonly copyLatencyP99Ms: number;
}

/** Props of SyncArtifactsAlarms. */
export interface SyncArtifactsAlarmsProps {
  /** The function to watch. */
  readonly function: SyncArtifactsFunction;
  /**
   * Destination regions with their thresholds for the 99th percentile of copy latency; or one threshold for the slowest
   * copy to any region, when the regions are not known at synthesis.
   */
  readonly latency: readonly LatencyThreshold[] | { readonly slowestCopyMs: number };
  /**
   * Told by the composite alarm.
   * @default nobody
   */
  readonly topic?: ITopic;
  /**
   * First part of the alarms' names.
   * @default names are chosen by CloudFormation
   */
  readonly alarmNamePrefix?: string;
  /**
   * Address of the run book that alarms link to, with a section `alarm-NAME` for each.
   * @default docs/operate.md of this repository
   */
  readonly runBook?: string;
}

/** Invocations stop by themselves before the timeout; one this near to it has overrun its own margin. */
const NEAR_TIMEOUT = 0.99;

/** All alarms of one function. */
export class SyncArtifactsAlarms extends Construct {
  /** Each alarm on its own, in the order of the dashboard. */
  readonly alarms: readonly Alarm[];
  /** In alarm when any of them is. */
  readonly composite: CompositeAlarm;

  constructor(scope: Construct, id: string, props: SyncArtifactsAlarmsProps) {
    super(scope, id);
    const { function: sync, lostJobFunction } = props.function;
    const named = (suffix: string): { alarmName?: string } =>
      props.alarmNamePrefix === undefined ? {} : { alarmName: `${props.alarmNamePrefix}-${suffix}` };
    const alarm = (suffix: string, description: string, metric: IMetric, threshold = 0): Alarm =>
      new Alarm(this, suffix, {
        ...named(suffix),
        alarmDescription: `${description} What to do: ${runBookSection(props.runBook ?? RUN_BOOK, suffix)}`,
        metric,
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        // A function that has nothing to do is not at fault.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
    const lambda = { period: METRIC_PERIOD, statistic: 'Sum' };
    const timeoutMs = (sync.timeout ?? Duration.minutes(15)).toMilliseconds();
    const lostDeliveries = new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'DestinationDeliveryFailures',
      dimensionsMap: { FunctionName: sync.functionName },
      ...lambda,
    });

    this.alarms = [
      ...this.#perRegion(sync, props.latency, alarm),
      alarm(
        'failed-jobs',
        'A Sync job was reported as failed; its message says what to change.',
        failedJobs(sync),
      ),
      alarm(
        'verification-failures',
        'A copy was not what its source is; the job failed and the copy was removed.',
        syncMetric(sync, 'VerificationFailures', 'Sum'),
      ),
      alarm('function-errors', 'The function died or threw instead of answering.', sync.metricErrors(lambda)),
      alarm(
        'function-throttles',
        'Lambda had no concurrency left for the function.',
        sync.metricThrottles(lambda),
      ),
      alarm(
        'near-timeout',
        'An invocation ran up to the Lambda timeout instead of handing over with a continuation token.',
        sync.metricDuration({ period: METRIC_PERIOD, statistic: 'Maximum' }),
        Math.floor(timeoutMs * NEAR_TIMEOUT),
      ),
      alarm(
        'lost-jobs',
        'A job was lost by the function and failed by the handler of lost jobs.',
        lostJobFunction.metricInvocations(lambda),
      ),
      alarm(
        'lost-job-errors',
        'The handler of lost jobs failed: a pipeline waits for its 20 minutes.',
        lostJobFunction.metricErrors(lambda),
      ),
      alarm('lost-job-deliveries', 'Lambda could not hand a lost job over.', lostDeliveries),
    ];

    this.composite = new CompositeAlarm(this, 'any', {
      ...(props.alarmNamePrefix === undefined ? {} : { compositeAlarmName: props.alarmNamePrefix }),
      alarmDescription: 'Something about artifact sync needs a person; its child alarms say what.',
      alarmRule: AlarmRule.anyOf(...this.alarms),
    });
    if (props.topic) this.composite.addAlarmAction(new SnsAction(props.topic));
  }

  #perRegion(
    sync: MeasuredFunction,
    latency: SyncArtifactsAlarmsProps['latency'],
    alarm: (suffix: string, description: string, metric: IMetric, threshold?: number) => Alarm,
  ): Alarm[] {
    const relay = 'A copy had to be relayed through the function, since its role may not read the source.';
    if (!('slowestCopyMs' in latency)) {
      return latency.flatMap(({ region, copyLatencyP99Ms }) => [
        alarm(
          `copy-latency-${region}`,
          `Copies to ${region} are slow (99th percentile).`,
          syncMetric(sync, 'CopyLatency', 'p99', { DestinationRegion: region }),
          copyLatencyP99Ms,
        ),
        alarm(
          `relay-fallbacks-${region}`,
          relay,
          syncMetric(sync, 'RelayFallbacks', 'Sum', { DestinationRegion: region }),
        ),
      ]);
    }
    return [
      alarm(
        'copy-latency',
        'The slowest copy to any region is slow.',
        overAllRegions(sync, 'MAX', 'CopyLatency'),
        latency.slowestCopyMs,
      ),
      alarm('relay-fallbacks', relay, overAllRegions(sync, 'SUM', 'RelayFallbacks')),
    ];
  }
}
