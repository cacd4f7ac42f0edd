// The function as a plain CloudFormation template with parameters, made from the same constructs as everything else.
import {
  type App,
  Aspects,
  BootstraplessSynthesizer,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Fn,
  type IAspect,
  type IStackSynthesizer,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import type { CfnCompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { DESTINATION_SETS_VARIABLE } from '../../functions/sync-artifacts/job/destination-sets.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AppOptions, createApp } from '../checks/validations.ts';
import { AlarmTopic } from '../constructs/observability/alarm-topic.ts';
import { SyncArtifactsAlarms } from '../constructs/observability/sync-alarms.ts';
import { SyncArtifactsDashboard } from '../constructs/observability/sync-dashboard.ts';
import { telemetryKey } from '../constructs/observability/telemetry-key.ts';
import { SyncArtifactsFunction } from '../constructs/sync-artifacts-function.ts';
import type { BucketSet } from '../constructs/sync-buckets.ts';

/** Name of the release's stack in the assembly. */
export const RELEASE_STACK = 'sync-artifacts';

const DEFAULT_SLOWEST_COPY_MS = 120_000;
const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

/**
 * Builds the app whose one stack is the release's template. `codeKey` is written into the template, not a parameter's
 * default: an update keeps the previous value of a parameter that it does not name, and would keep the old code.
 */
export function buildReleaseApp(codeKey: string, options: AppOptions = {}): App {
  const app = createApp(
    {
      ...options,
      context: {
        'aws:cdk:enable-path-metadata': false,
        'aws:cdk:enable-asset-metadata': false,
        ...options.context,
      },
    },
    { analyticsReporting: false },
  );
  new ReleaseStack(app, codeKey);
  return app;
}

class ReleaseStack extends Stack {
  constructor(app: App, codeKey: string) {
    super(app, RELEASE_STACK, {
      // No bootstrap bucket, no assets: the code comes from the parameters.
      synthesizer: new BootstraplessSynthesizer() as IStackSynthesizer,
      description: 'Copies CodePipeline artifacts into regional buckets and proves the copies',
    });
    const text = (id: string, description: string, byDefault?: string, allowedValues?: string[]): string =>
      new CfnParameter(this, id, {
        type: 'String',
        description,
        ...omitUndefined({ default: byDefault, allowedValues }),
      }).valueAsString;
    const list = (id: string, description: string, byDefault?: string): string[] =>
      new CfnParameter(this, id, {
        type: 'CommaDelimitedList',
        description,
        ...omitUndefined({ default: byDefault }),
      }).valueAsList;

    const codeBucket = text('CodeBucket', 'Bucket in this region that the zip was uploaded to');
    const codePrefix = text(
      'CodePrefix',
      'What comes before the name of the zip in that bucket, such as releases/',
      '',
    );
    const artifactKeyArns = list(
      'ArtifactKeyArns',
      'ARNs of the KMS keys of the artifact buckets; empty for SSE-S3',
      '',
    );
    const sources = {
      ...buckets(
        list('ArtifactBucketArns', 'ARNs of the artifact buckets of your pipelines'),
        artifactKeyArns,
      ),
      hasKeys: this.#isGiven('HasArtifactKeys', Fn.join('', artifactKeyArns)),
    };
    const destinations = buckets(
      list('DestinationBucketArns', 'ARNs of the buckets to copy to'),
      list('DestinationKeyArns', 'ARNs of the KMS keys of those buckets'),
    );
    const destinationSets = text(
      'DestinationSets',
      'Named sets of destinations as JSON (destination-sets.schema.json); empty for none',
      '',
    );
    const functionName = text(
      'FunctionName',
      'Name of the function, for the Invoke action',
      'sync-artifacts',
    );
    const logLevel = text('LogLevel', 'Least severe level that is logged', 'INFO', LOG_LEVELS);
    const email = text('AlarmEmail', 'Address that alarms are sent to; empty for none', '');
    const slowestCopyMs = new CfnParameter(this, 'SlowestCopyMs', {
      type: 'Number',
      description: 'An alarm is raised when a copy takes longer, in milliseconds',
      default: DEFAULT_SLOWEST_COPY_MS,
      minValue: 1,
    }).valueAsNumber;

    const code = Bucket.fromBucketName(this, 'Code', codeBucket);
    Validations.of(code).acknowledge({
      id: '@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified',
      reason: 'The name of the zip carries the release, so a new release is a new key.',
    });
    const sync = new SyncArtifactsFunction(this, 'Sync', {
      sources,
      destinations,
      functionName,
      logLevel,
      environment: { [DESTINATION_SETS_VARIABLE]: destinationSets },
      code: Code.fromBucket(code, `${codePrefix}${codeKey}`),
    });
    const alarms = new SyncArtifactsAlarms(this, 'Alarms', { function: sync, latency: { slowestCopyMs } });
    const hasEmail = this.#isGiven('HasAlarmEmail', email);
    const notification = new Construct(this, 'Notification');
    const key: IKey = Key.fromKeyArn(
      notification,
      'KeyByArn',
      telemetryKey(notification, 'Key', ['alarms']).keyArn,
    );
    const { topic } = new AlarmTopic(notification, 'Topic', { email, key });
    Aspects.of(notification).add(onlyIf(hasEmail));
    (alarms.composite.node.defaultChild as CfnCompositeAlarm).alarmActions = [
      Fn.conditionIf(hasEmail.logicalId, topic.topicArn, Fn.ref('AWS::NoValue')).toString(),
    ];
    new SyncArtifactsDashboard(this, 'Dashboard', { function: sync, alarms });

    const output = (id: string, description: string, value: string): CfnOutput =>
      new CfnOutput(this, id, { description, value });
    output('SyncFunctionName', 'FunctionName of the Invoke action', sync.function.functionName);
    output('SyncFunctionArn', 'What the role of the pipeline may invoke', sync.function.functionArn);
    output(
      'SyncRoleArn',
      'Who reads and writes: for policies of buckets and keys in other accounts',
      sync.roleArn,
    );
  }

  /** A condition that holds unless a text is empty. */
  #isGiven(id: string, text: string): CfnCondition {
    return new CfnCondition(this, id, {
      expression: Fn.conditionNot(Fn.conditionEquals(text, '')),
    });
  }
}

// Lists whose length only CloudFormation knows: each ARN gets its suffix by joining and splitting again, without macros.
function buckets(bucketArns: string[], keyArns: string[]): BucketSet {
  return {
    bucketArns,
    objectArns: Fn.split(',', Fn.join('', [Fn.join('/*,', bucketArns), '/*'])),
    keyArns,
    viaServices: ['s3.*.amazonaws.com'],
  };
}

function onlyIf(condition: CfnCondition): IAspect {
  return {
    visit(node: IConstruct): void {
      if (node instanceof CfnResource) node.cfnOptions.condition = condition;
    },
  };
}
