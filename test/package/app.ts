// A CDK app of the kind that `cdk init app --language typescript` makes, which uses each construct of the package.

/** The lowest versions that the package says it works with. */
export const LOWEST = { 'aws-cdk-lib': '2.269.0', constructs: '10.5.0' } as const;

const STACK = `import { Stack, type StackProps } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import {
  SyncArtifactsAction,
  SyncArtifactsAlarms,
  SyncArtifactsDashboard,
  SyncArtifactsFunction,
  type SyncArtifactsFunctionProps,
  SyncArtifactsStep,
} from 'codepipeline-artifact-sync';

export class AppStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const key = new kms.Key(this, 'Key');
    const artifacts = new s3.Bucket(this, 'Artifacts', { encryptionKey: key, versioned: true });
    const release = s3.Bucket.fromBucketAttributes(this, 'Release', { bucketName: 'release-us-east-1', region: 'us-east-1' });
    const releaseKey = kms.Key.fromKeyArn(this, 'ReleaseKey', 'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555');
    const functionProps: SyncArtifactsFunctionProps = {
      sources: [{ bucket: artifacts }],
      destinations: [],
      destinationSets: { releases: [{ bucket: release, key: releaseKey }] },
    };
    const sync = new SyncArtifactsFunction(this, 'Sync', functionProps);
    const alarms = new SyncArtifactsAlarms(this, 'Alarms', { function: sync, latency: { slowestCopyMs: 120_000 } });
    new SyncArtifactsDashboard(this, 'Dashboard', { function: sync, alarms });

    const code = new codepipeline.Artifact('Code');
    const action = new SyncArtifactsAction({ actionName: 'Sync', function: sync.function, inputs: [code], destinationSet: 'releases' });
    new codepipeline.Pipeline(this, 'Pipeline', {
      artifactBucket: artifacts,
      stages: [
        { stageName: 'Source', actions: [new actions.S3SourceAction({ actionName: 'Source', bucket: artifacts, bucketKey: 'code.zip', output: code })] },
        { stageName: 'Sync', actions: [action] },
        { stageName: 'Approve', actions: [new actions.ManualApprovalAction({ actionName: 'Approve', additionalInformation: action.variables.objectKey(code) })] },
      ],
    });

    const source = pipelines.CodePipelineSource.s3(artifacts, 'app.zip');
    const pipeline = new pipelines.CodePipeline(this, 'CdkPipeline', {
      synth: new pipelines.ShellStep('Synth', { input: source, commands: ['npx cdk synth'] }),
    });
    pipeline.addWave('Sync', {
      pre: [new SyncArtifactsStep('releases', { function: sync.function, inputs: [source], destinations: [{ bucketName: 'release-us-east-1' }] })],
    });
  }
}
`;

const BIN = (extension: string): string => `import * as cdk from 'aws-cdk-lib';
import { AppStack } from '../lib/app-stack${extension}';

const app = new cdk.App();
new AppStack(app, 'AppStack', { env: { account: '111122223333', region: 'eu-west-1' } });
`;

// As "cdk init" writes it (aws-cdk 2.11xx); skipLibCheck is off, so that the package's own declarations are checked.
const COMPILER_OPTIONS = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  lib: ['es2022'],
  declaration: true,
  strict: true,
  noImplicitAny: true,
  strictNullChecks: true,
  noImplicitThis: true,
  alwaysStrict: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: false,
  inlineSourceMap: true,
  inlineSources: true,
  experimentalDecorators: true,
  strictPropertyInitialization: false,
  skipLibCheck: false,
  typeRoots: ['../node_modules/@types'],
};

/** The files of the app as CommonJS in `cjs` and as ES modules in `esm`, by path; they share what is installed above them. */
export function appFiles(tarball: string): Readonly<Record<string, string>> {
  const project = (type: 'commonjs' | 'module', extension: string): Record<string, string> => ({
    'package.json': JSON.stringify({ name: 'app', version: '0.1.0', ...(type === 'module' ? { type } : {}) }),
    'tsconfig.json': JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['bin', 'lib'] }),
    'bin/app.ts': BIN(extension),
    'lib/app-stack.ts': STACK,
  });
  const under = (folder: string, files: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
  return {
    'package.json': JSON.stringify({
      private: true,
      dependencies: { ...LOWEST, 'codepipeline-artifact-sync': `file:${tarball}` },
      devDependencies: { '@types/node': '^20.19.0', 'ts-node': '^10.9.2', typescript: '~5.9.3' },
    }),
    ...under('cjs', project('commonjs', '')),
    ...under('esm', project('module', '.js')),
  };
}
