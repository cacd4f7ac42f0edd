// The constructs on their own, in a user's stack with buckets, keys and pipelines that exist already.
import { type App, Stack } from 'aws-cdk-lib';
import { Artifact, Pipeline } from 'aws-cdk-lib/aws-codepipeline';
import { ManualApprovalAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { parseDestinationSets } from '../../../functions/sync-artifacts/job/destination-sets.ts';
import { parseUserParameters } from '../../../functions/sync-artifacts/job/user-parameters.ts';
import { createApp } from '../../../infra/checks/validations.ts';
import {
  SyncArtifactsAction,
  type SyncArtifactsActionProps,
} from '../../../infra/constructs/sync-artifacts-action.ts';
import { SyncArtifactsFunction } from '../../../infra/constructs/sync-artifacts-function.ts';
import { SyncArtifactsStep } from '../../../infra/constructs/sync-artifacts-step.ts';
import { at, listAt, ofType, statementsIn, stringsIn, synthesise, textAt, theOnly } from '../synthesised.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';
const OTHER_KEY = 'arn:aws:kms:us-east-1:999988887777:key/66666666-7777-8888-9999-000000000000';

function userStack(): { app: App; stack: Stack; artifacts: IBucket; copies: IBucket } {
  const app = createApp({ checks: false });
  const stack = new Stack(app, 'user', { env: { account: '111122223333', region: 'eu-west-1' } });
  const artifacts = Bucket.fromBucketAttributes(stack, 'Artifacts', {
    bucketName: 'my-artifacts',
    encryptionKey: Key.fromKeyArn(stack, 'Key', KEY),
  });
  const copies = Bucket.fromBucketAttributes(stack, 'Copies', {
    bucketName: 'their-copies',
    region: 'us-east-1',
  });
  return { app, stack, artifacts, copies };
}

function withFunction(): ReturnType<typeof userStack> & { sync: SyncArtifactsFunction } {
  const user = userStack();
  const sync = new SyncArtifactsFunction(user.stack, 'Sync', {
    sources: [{ bucket: user.artifacts }],
    destinations: [{ bucket: user.copies, key: Key.fromKeyArn(user.stack, 'CopiesKey', OTHER_KEY) }],
    code: Code.fromInline('exports.handler = 0'),
  });
  return { ...user, sync };
}

describe('SyncArtifactsFunction', () => {
  it('takes buckets and keys that exist, of another account and region too', () => {
    const { app } = withFunction();
    const stack = synthesise(app).stack('user');
    const granted = stringsIn(
      ofType(stack, 'AWS::IAM::Role').map(({ Properties }) => Properties.Policies ?? null),
    );
    expect(granted).toEqual(
      expect.arrayContaining(['arn:aws:s3:::their-copies/*', 'arn:aws:s3:::my-artifacts/*', KEY, OTHER_KEY]),
    );
    expect(granted).toEqual(
      expect.arrayContaining(['s3.eu-west-1.amazonaws.com', 's3.us-east-1.amazonaws.com']),
    );
  });

  it('refuses a bucket whose key it does not know, since nothing would be copied', () => {
    const { stack, artifacts, copies } = userStack();
    expect(
      () =>
        new SyncArtifactsFunction(stack, 'Sync', {
          sources: [{ bucket: artifacts }],
          destinations: [{ bucket: copies }],
        }),
    ).toThrow(/bucket their-copies has no KMS key that is known here; give \{ bucket, key \}/);
  });

  it('reads buckets without a customer managed key, and is granted no use of keys for them', () => {
    const { app, stack } = userStack();
    new SyncArtifactsFunction(stack, 'Sync', {
      sources: [{ bucket: Bucket.fromBucketName(stack, 'Default', 'codepipeline-eu-west-1-123') }],
      destinations: [
        {
          bucket: Bucket.fromBucketName(stack, 'To', 'release-copies'),
          key: Key.fromKeyArn(stack, 'ToKey', OTHER_KEY),
        },
      ],
      code: Code.fromInline('exports.handler = 0'),
    });
    const granted = statementsIn(synthesise(app).stack('user'));
    const sids = granted.map(({ statement }) => at(statement, 'Sid'));
    expect(sids).toContain('ReadSources');
    expect(sids).not.toContain('DecryptSources');
    const keys = granted.filter(({ actions }) => actions.includes('kms:Decrypt'));
    expect(keys.map(({ statement }) => at(statement, 'Resource'))).toEqual([[OTHER_KEY]]);
  });

  it('lets its role hand over lost jobs by the policy of the role alone', () => {
    const stack = synthesise(withFunction().app).stack('user');
    expect(ofType(stack, 'AWS::Lambda::Permission')).toEqual([]);
    const lostJob = ofType(stack, 'AWS::Lambda::Function').find(
      ({ Properties }) => Properties.Handler === 'lost-job.handler',
    );
    const arn = { 'Fn::GetAtt': [lostJob?.id, 'Arn'] };
    const destinations = ofType(stack, 'AWS::Lambda::EventInvokeConfig').flatMap(({ Properties }) =>
      listAt(Properties, 'DestinationConfig.OnFailure.Destination'),
    );
    expect(destinations).toEqual([arn]);
    const granted = statementsIn(stack).filter(({ actions }) => actions.includes('lambda:InvokeFunction'));
    expect(granted.map(({ statement }) => at(statement, 'Resource'))).toEqual([[arn]]);
  });

  it('runs both handlers of the bundle on the runtime that it is built for', () => {
    const stack = synthesise(withFunction().app).stack('user');
    const functions = ofType(stack, 'AWS::Lambda::Function').map(({ Properties }) => Properties);
    expect(functions.map(({ Handler, Runtime }) => [Handler, Runtime])).toEqual([
      ['lost-job.handler', 'nodejs24.x'],
      ['handler.handler', 'nodejs24.x'],
    ]);
    for (const { Architectures } of functions) expect(Architectures).toEqual(['arm64']);
  });
});

describe('destination sets', () => {
  const KEY_TEMPLATE = 'releases/{artifact}.zip';

  function withSets(count: number): ReturnType<typeof userStack> {
    const user = userStack();
    new SyncArtifactsFunction(user.stack, 'Sync', {
      sources: [{ bucket: user.artifacts }],
      destinations: [],
      destinationSets: {
        'all-regions': Array.from({ length: count }, (_, index) => ({
          bucket: Bucket.fromBucketAttributes(user.stack, `Set${index}`, {
            bucketName: `release-${index}`,
            region: 'us-east-1',
            account: '999988887777',
          }),
          key: Key.fromKeyArn(user.stack, `SetKey${index}`, OTHER_KEY),
          keyTemplate: KEY_TEMPLATE,
        })),
      },
      code: Code.fromInline('exports.handler = 0'),
    });
    return user;
  }

  it('are in the environment with all that is known of their buckets, which the role may write to', () => {
    const stack = synthesise(withSets(2).app).stack('user');
    const [text] = ofType(stack, 'AWS::Lambda::Function').flatMap(
      ({ Properties }) => at(Properties, 'Environment.Variables.SYNC_DESTINATION_SETS') ?? [],
    );
    expect(parseDestinationSets(String(text)).get('all-regions')?.[1]).toEqual({
      Bucket: 'release-1',
      Region: 'us-east-1',
      KmsKeyId: OTHER_KEY,
      BucketOwner: '999988887777',
      Key: KEY_TEMPLATE,
    });
    expect(
      stringsIn(ofType(stack, 'AWS::IAM::Role').map(({ Properties }) => Properties.Policies ?? null)),
    ).toEqual(expect.arrayContaining(['arn:aws:s3:::release-0/*', 'arn:aws:s3:::release-1/*']));
  });

  it('may be as large as the environment of a Lambda function, and no larger', () => {
    expect(() => withSets(15)).not.toThrow();
    expect(() => withSets(30)).toThrow(/has at least \d{4} bytes, Lambda takes 4096/);
  });

  it('are held against the rules of the function', () => {
    expect(() => withSets(0)).toThrow(/property all-regions is \[\].*at least one bucket/);
  });
});

describe('SyncArtifactsAction', () => {
  const code = new Artifact('Code');

  const DEFAULT_DESTINATIONS = { destinations: [{ bucketName: 'their-copies' }] };

  function pipelineWith(
    props: Partial<SyncArtifactsActionProps>,
    defaults: Partial<SyncArtifactsActionProps> = DEFAULT_DESTINATIONS,
  ): { app: App; action: SyncArtifactsAction } {
    const { app, stack, artifacts, sync } = withFunction();
    const action = new SyncArtifactsAction({
      actionName: 'Sync',
      function: sync.function,
      inputs: [code],
      ...defaults,
      ...props,
    });
    new Pipeline(stack, 'Pipeline', {
      artifactBucket: artifacts,
      stages: [
        {
          stageName: 'Source',
          actions: [
            new S3SourceAction({
              actionName: 'Source',
              bucket: artifacts,
              bucketKey: 'code.zip',
              output: code,
            }),
          ],
        },
        { stageName: 'Sync', actions: [action] },
        {
          stageName: 'Approve',
          actions: [
            new ManualApprovalAction({
              actionName: 'Approve',
              additionalInformation: `${action.variables.bytesCopied} bytes, ${action.variables.objectKey(code)}`,
            }),
          ],
        },
      ],
    });
    return { app, action };
  }

  it('invokes the function with parameters, and lets the pipeline invoke nothing else', () => {
    const stack = synthesise(pipelineWith({}).app).stack('user');
    const pipeline = theOnly(stack, 'AWS::CodePipeline::Pipeline');
    const parameters = parseUserParameters(
      at(pipeline.Properties, 'Stages.1.Actions.0.Configuration.UserParameters'),
    );
    expect(parameters).toEqual({
      DestinationBucket: 'their-copies',
      ExecutionId: '#{codepipeline.PipelineExecutionId}',
    });
    const invoking = stack.resources.filter(({ Properties }) =>
      stringsIn(Properties.PolicyDocument).includes('lambda:InvokeFunction'),
    );
    const resources = invoking.flatMap(({ Properties }) =>
      listAt(Properties, 'PolicyDocument.Statement')
        .filter((statement) => stringsIn(at(statement, 'Action')).includes('lambda:InvokeFunction'))
        .map((statement) => at(statement, 'Resource')),
    );
    const handler = ofType(stack, 'AWS::Lambda::Function').find(
      ({ Properties }) => Properties.Handler === 'handler.handler',
    );
    expect(resources).toEqual([{ 'Fn::GetAtt': [handler?.id, 'Arn'] }]);
  });

  it('offers its output variables to later actions', () => {
    const stack = synthesise(pipelineWith({}).app).stack('user');
    const approve = at(theOnly(stack, 'AWS::CodePipeline::Pipeline').Properties, 'Stages.2.Actions.0');
    const namespace = textAt(
      theOnly(stack, 'AWS::CodePipeline::Pipeline').Properties,
      'Stages.1.Actions.0.Namespace',
    );
    expect(textAt(approve, 'Configuration.CustomData')).toBe(
      `#{${namespace}.BytesCopied} bytes, #{${namespace}.Code_ObjectKey}`,
    );
  });

  it('names a set of destinations instead of buckets', () => {
    const stack = synthesise(pipelineWith({ destinationSet: 'all-regions' }, {}).app).stack('user');
    const pipeline = theOnly(stack, 'AWS::CodePipeline::Pipeline');
    expect(
      parseUserParameters(at(pipeline.Properties, 'Stages.1.Actions.0.Configuration.UserParameters')),
    ).toEqual({ Destinations: 'all-regions', ExecutionId: '#{codepipeline.PipelineExecutionId}' });
  });

  it('hands on every option', () => {
    const stack = synthesise(
      pipelineWith({
        destinations: [
          {
            bucketName: 'their-copies',
            region: 'us-east-1',
            kmsKeyId: OTHER_KEY,
            bucketOwner: '999988887777',
            key: 'x/{objectKey}',
          },
          { bucketName: 'more-copies' },
        ],
        inputArtifacts: ['Code'],
        mode: 'copy',
        key: 'releases/{executionId}/{artifact}.zip',
        minimumProof: 'checksum',
        manifest: new Artifact('Manifest'),
      }).app,
    ).stack('user');
    const action = at(theOnly(stack, 'AWS::CodePipeline::Pipeline').Properties, 'Stages.1.Actions.0');
    expect(parseUserParameters(at(action, 'Configuration.UserParameters'))).toEqual({
      DestinationBuckets: [
        {
          Bucket: 'their-copies',
          Region: 'us-east-1',
          KmsKeyId: OTHER_KEY,
          BucketOwner: '999988887777',
          Key: 'x/{objectKey}',
        },
        'more-copies',
      ],
      InputArtifacts: ['Code'],
      Mode: 'copy',
      Key: 'releases/{executionId}/{artifact}.zip',
      MinimumProof: 'checksum',
      ExecutionId: '#{codepipeline.PipelineExecutionId}',
    });
    expect(at(action, 'OutputArtifacts')).toEqual([{ Name: 'Manifest' }]);
  });

  it.each([
    [
      'more than CodePipeline takes',
      {
        destinations: Array.from({ length: 25 }, (_, index) => ({
          bucketName: `artifacts-of-a-long-name-in-region-${index}`,
        })),
      },
      /for 25 destinations have 1\d\d\d characters, CodePipeline takes 1000; name them once in destinationSets/,
    ],
    [
      'a name that no bucket has',
      { destinations: [{ bucketName: 'No_Bucket' }] },
      /destinations\[0\]\.bucketName/,
    ],
    ['a key with an unknown placeholder', { key: '{artefact}' }, /Key/],
    [
      'no destination',
      { destinations: [] },
      /needs either destinations or a destinationSet, and has neither/,
    ],
    ['buckets and a set', { destinationSet: 'all-regions' }, /destinationSet, not both/],
  ])('refuses %s where it is written', (_what, props, message) => {
    expect(() => pipelineWith(props)).toThrow(message);
  });

  it('wants artifacts with names for variables that are made from them', () => {
    const { action } = pipelineWith({});
    expect(() => action.variables.checksum(new Artifact())).toThrow(/give the artifact a name/);
  });
});

describe('SyncArtifactsStep', () => {
  it('refuses an input without output, and parameters that the function would refuse', () => {
    const { sync } = withFunction();
    const destinations = [{ bucketName: 'their-copies' }];
    expect(
      () => new SyncArtifactsStep('Sync', { function: sync.function, inputs: [{}], destinations }),
    ).toThrow(/an input has no primary output/);
    expect(
      () =>
        new SyncArtifactsStep('Sync', {
          function: sync.function,
          inputs: [],
          destinations: [{ bucketName: 'X' }],
        }),
    ).toThrow(/destinations\[0\]\.bucketName/);
  });
});
