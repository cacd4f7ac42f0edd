// The stack of the function in the primary region of the tools account, with alarms and dashboard.
import { Stack } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { AlarmTopic } from '../constructs/observability/alarm-topic.ts';
import { PipelineNotices } from '../constructs/observability/pipeline-notices.ts';
import { SavedQueries } from '../constructs/observability/saved-queries.ts';
import { SyncArtifactsAlarms } from '../constructs/observability/sync-alarms.ts';
import { SyncArtifactsDashboard } from '../constructs/observability/sync-dashboard.ts';
import { telemetryKey } from '../constructs/observability/telemetry-key.ts';
import { SyncArtifactsFunction } from '../constructs/sync-artifacts-function.ts';
import type { SyncBucket } from '../constructs/sync-buckets.ts';
import { artifactKeyArn, namesOf } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';

/** The set of all destinations, where the topology has one action for all regions. */
export const ALL_REGIONS = 'all-regions';

/** The function between the artifact stores of the topology. */
export class SyncArtifactsStack extends Stack {
  readonly sync: SyncArtifactsFunction;

  constructor(scope: Construct, topology: Topology) {
    const names = namesOf(topology);
    const { account, primaryRegion } = topology.tools;
    super(scope, names.stacks.syncArtifacts, {
      env: { account, region: primaryRegion },
      description: 'Copies pipeline artifacts into the regional artifact buckets',
    });
    const { notify, runBookUrl } = topology.alarms;
    const hasTopic = notify !== undefined && 'email' in notify;
    const key = telemetryKey(
      this,
      'TelemetryKey',
      hasTopic ? ['logs', 'notices', 'alarms'] : ['logs'],
      `alias/${topology.qualifier}-telemetry`,
    );
    const logKey: IKey = Key.fromKeyArn(this, 'LogKey', key.keyArn);

    const destinations = topology.destinations.map(({ region }) => ({
      ...storeBucket(this, topology, region),
      region,
    }));
    this.sync = new SyncArtifactsFunction(this, 'Sync', {
      sources: [storeBucket(this, topology, primaryRegion)],
      destinations,
      destinationSets:
        topology.sync === 'action-per-region' || destinations.length === 0
          ? Object.fromEntries(destinations.map((destination) => [destination.region, [destination]]))
          : { [ALL_REGIONS]: destinations },
      functionName: names.functionName,
      roleName: names.functionRole,
      lostJobFunctionName: names.lostJobFunctionName,
      lostJobRoleName: names.lostJobFunctionRole,
      logKey,
    });
    const topic = this.#topic(topology, logKey);
    const alarms = new SyncArtifactsAlarms(this, 'Alarms', {
      function: this.sync,
      latency: topology.destinations,
      alarmNamePrefix: names.functionName,
      ...(topic ? { topic } : {}),
      ...(runBookUrl === undefined ? {} : { runBook: runBookUrl }),
    });
    if (topic) {
      const pipelineNames = [names.pipeline, ...(topology.cdkPipelines ? [names.cdkPipeline] : [])];
      new PipelineNotices(this, 'Notices', { pipelineNames, topic });
    }
    new SavedQueries(this, 'Queries', { logGroups: this.sync.logGroups, folder: names.functionName });
    new SyncArtifactsDashboard(this, 'Dashboard', {
      function: this.sync,
      alarms,
      regions: topology.destinations.map(({ region }) => region),
      dashboardName: names.functionName,
    });
  }

  #topic(topology: Topology, key: IKey): ITopic | undefined {
    const { notify } = topology.alarms;
    if (notify === undefined) return undefined;
    if ('topicArn' in notify) return Topic.fromTopicArn(this, 'Topic', notify.topicArn);
    return new AlarmTopic(this, 'AlarmTopic', {
      email: notify.email,
      key,
      topicName: namesOf(topology).alarmTopic,
    }).topic;
  }
}

/** The artifact bucket of a region, known by name; its key by the output of its stack. */
export function storeBucket(scope: Construct, topology: Topology, region: string): SyncBucket {
  const bucketName = namesOf(topology).artifactBucket(region);
  const key = Key.fromKeyArn(scope, `ArtifactKey-${region}`, artifactKeyArn(topology, region));
  const bucket = Bucket.fromBucketAttributes(scope, `ArtifactBucket-${region}`, {
    bucketName,
    region,
    account: topology.tools.account,
    encryptionKey: key,
  });
  return { bucket, key, region };
}
