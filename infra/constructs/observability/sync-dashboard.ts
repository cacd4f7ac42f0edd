// The dashboard: one row per destination region, then jobs, retries and Lambda's own view.
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  GraphWidgetView,
  type IAlarm,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { FAILURE_TYPES } from '../../../functions/sync-artifacts/errors.ts';
import type { MetricName } from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import type { SyncArtifactsFunction } from '../sync-artifacts-function.ts';
import type { SyncArtifactsAlarms } from './sync-alarms.ts';
import { METRIC_PERIOD, type MeasuredFunction, searchRegions, syncMetric } from './sync-metrics.ts';

/** Props of a SyncArtifactsDashboard. */
export interface SyncArtifactsDashboardProps {
  /** The function to show. */
  readonly function: SyncArtifactsFunction;
  /** Its alarms, shown at the top. */
  readonly alarms: SyncArtifactsAlarms;
  /**
   * Destination regions, a row each.
   * @default one row that searches for all regions there are
   */
  readonly regions?: readonly string[];
  /**
   * Name of the dashboard.
   * @default chosen by CloudFormation
   */
  readonly dashboardName?: string;
}

const PERCENTILES = ['p50', 'p90', 'p99'] as const;
const FULL_WIDTH = 24;

/** What an operator looks at first. */
export class SyncArtifactsDashboard extends Construct {
  /** The dashboard. */
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: SyncArtifactsDashboardProps) {
    super(scope, id);
    const sync = props.function.function;
    this.dashboard = new Dashboard(this, 'Dashboard', {
      ...(props.dashboardName === undefined ? {} : { dashboardName: props.dashboardName }),
      widgets: [
        [
          new AlarmStatusWidget({
            title: 'Alarms',
            width: FULL_WIDTH,
            height: 3,
            alarms: [props.alarms.composite, ...props.alarms.alarms] as IAlarm[],
          }),
        ],
        ...regionRows(sync, props.regions),
        [
          graph('Jobs by result', 8, [
            syncMetric(sync, 'JobsSucceeded', 'Sum', {}, 'Succeeded'),
            ...FAILURE_TYPES.map((type) =>
              syncMetric(sync, 'JobsFailed', 'Sum', { FailureType: type }, type),
            ),
          ]),
          graph(
            'Job latency (ms)',
            8,
            PERCENTILES.map((each) => syncMetric(sync, 'JobLatency', each, {}, each)),
          ),
          graph('Proof failures', 8, [syncMetric(sync, 'VerificationFailures', 'Sum')]),
        ],
        [
          graph('Continuations', 8, [syncMetric(sync, 'Continuations', 'Sum')]),
          graph('Throttled requests', 8, [syncMetric(sync, 'ThrottledRequests', 'Sum')]),
          graph('Function', 8, [
            sync.metricInvocations({ period: METRIC_PERIOD }),
            sync.metricErrors({ period: METRIC_PERIOD }),
            sync.metricThrottles({ period: METRIC_PERIOD }),
            props.function.lostJobFunction.metricInvocations({ period: METRIC_PERIOD, label: 'Lost jobs' }),
          ]),
        ],
      ],
    });
  }
}

function regionRows(sync: MeasuredFunction, regions: readonly string[] | undefined): IWidget[][] {
  if (regions === undefined) {
    return [
      regionRow('all regions', (name, statistics) =>
        statistics.map((statistic) => searchRegions(sync, name, statistic)),
      ),
    ];
  }
  return regions.map((region) =>
    regionRow(region, (name, statistics) =>
      statistics.map((statistic) =>
        syncMetric(
          sync,
          name,
          statistic,
          { DestinationRegion: region },
          statistics.length > 1 ? statistic : name,
        ),
      ),
    ),
  );
}

function regionRow(
  title: string,
  metrics: (name: MetricName, statistics: readonly string[]) => IMetric[],
): IWidget[] {
  return [
    graph(`Copy latency to ${title} (ms)`, 8, metrics('CopyLatency', PERCENTILES)),
    graph(`Throughput to ${title} (bytes/s)`, 5, metrics('CopyThroughput', ['Average'])),
    graph(`Bytes copied to ${title}`, 5, metrics('BytesCopied', ['Sum'])),
    graph(`Copies to ${title}`, 6, [
      ...metrics('ArtifactsCopied', ['Sum']),
      ...metrics('CopiesSkipped', ['Sum']),
      ...metrics('RelayFallbacks', ['Sum']),
    ]),
  ];
}

function graph(title: string, width: number, left: IMetric[]): GraphWidget {
  return new GraphWidget({
    title,
    width,
    height: 6,
    left,
    view: GraphWidgetView.TIME_SERIES,
    period: METRIC_PERIOD,
  });
}
