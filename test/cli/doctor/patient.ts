// A pipeline in the embedded AWS that doctor finds nothing wrong with, for tests to break.

import { type AwsAccess, AwsClients } from '../../../cli/aws-clients.ts';
import { diagnose } from '../../../cli/doctor/diagnose.ts';
import type { Diagnosis } from '../../../cli/doctor/diagnosis.ts';
import { DOCTOR_PERMISSIONS } from '../../../cli/doctor/permissions.ts';
import { type Grant, OPERATIONS } from '../../../functions/sync-artifacts/aws/operations.ts';
import { readSettings, type Settings } from '../../../functions/sync-artifacts/settings.ts';
import type { SimpleIdentity } from '../../../local/aws/state/identities.ts';
import type { LambdaFunctionState } from '../../../local/aws/state/lambda-functions.ts';
import { addRole } from '../../../local/pipeline/local-pipeline.ts';
import { ACCOUNT, HOME, TestPipeline } from '../../functions/harness/test-pipeline.ts';

export const EU = 'shop-eu-west-1';
export const AP = 'shop-ap-southeast-2';
export const FUNCTION = 'sync-artifacts';
export const FUNCTION_ROLE = `arn:aws:iam::${ACCOUNT}:role/${FUNCTION}`;
export const FUNCTION_ARN = `arn:aws:lambda:${HOME}:${ACCOUNT}:function:${FUNCTION}`;

/** What a test may change before doctor looks. */
export class PatientWorld implements AsyncDisposable {
  readonly jobs: TestPipeline;
  readonly pipelineRole: SimpleIdentity;
  /** Who runs doctor: with what its documents say it needs, and no more. */
  readonly caller: SimpleIdentity;
  readonly lambda: LambdaFunctionState;
  userParameters: unknown = { DestinationBuckets: [EU, AP] };
  pipelineRoleArn = `arn:aws:iam::${ACCOUNT}:role/pipeline`;
  inputNames: readonly string[] = ['App'];

  private constructor(jobs: TestPipeline) {
    this.jobs = jobs;
    jobs.addArtifact('App', 1000, { tags: { team: 'web' } });
    jobs.addDestination(EU);
    jobs.addDestination(AP, { region: 'ap-southeast-2' });
    for (const name of [EU, AP]) {
      jobs.bucket(name).lifecycleRules = [
        { id: 'unfinished', status: 'Enabled', prefix: '', abortIncompleteUploadAfterDays: 1 },
      ];
    }
    this.pipelineRole = addRole(jobs.aws, ACCOUNT, 'pipeline', [
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: FUNCTION_ARN },
    ]);
    this.caller = jobs.aws.addIdentity({
      principalArn: `arn:aws:iam::${ACCOUNT}:user/engineer`,
      may: [{ Effect: 'Allow', Action: Object.values(DOCTOR_PERMISSIONS).flat(), Resource: '*' }],
    });
    this.lambda = {
      accountId: ACCOUNT,
      region: HOME,
      name: FUNCTION,
      role: FUNCTION_ROLE,
      configuration: {
        Runtime: 'nodejs24.x',
        MemorySize: 1769,
        Timeout: 480,
        State: 'Active',
        LastUpdateStatus: 'Successful',
        CodeSha256: 'Zm9ydHktdHdvIGJ5dGVzIG9mIHNvbWUgY29kZQ==',
        Environment: { Variables: {} },
      },
      eventInvokeConfig: {
        MaximumRetryAttempts: 1,
        MaximumEventAgeInSeconds: 540,
        DestinationConfig: { OnFailure: { Destination: `${FUNCTION_ARN}-lost-job` } },
      },
      run: async (event) => await jobs.check(event, this.#settings()),
    };
    jobs.aws.functions.put(this.lambda);
  }

  static async start(): Promise<PatientWorld> {
    return new PatientWorld(await TestPipeline.start());
  }

  /** Changes the configuration of the function. */
  configure(change: Readonly<Record<string, unknown>>): void {
    this.lambda.configuration = { ...this.lambda.configuration, ...change };
  }

  /** Takes one action of the permissions table from the role, on one kind of thing. */
  revoke(action: string, on: Grant['on']): void {
    const sid = SIDS[on];
    this.jobs.role.may = this.jobs.role.may.flatMap((statement) => {
      if (statement.Sid !== sid) return statement;
      const left = [statement.Action].flat().filter((each) => each !== action);
      return left.length === 0 ? [] : { ...statement, Action: left };
    });
  }

  /** How doctor reaches the pipeline as it is now. */
  get access(): AwsAccess {
    this.#putPipeline();
    return { region: HOME, endpoint: this.jobs.server.endpoint, credentials: this.caller.credentials };
  }

  /** What doctor says of it. */
  async diagnose(): Promise<Diagnosis> {
    return await diagnose({ pipeline: 'shop' }, new AwsClients(this.access));
  }

  /** What the function reads of its variables. */
  #settings(): Partial<Settings> {
    const { Variables } = this.lambda.configuration.Environment as {
      readonly Variables: Record<string, string>;
    };
    const { destinationSets } = readSettings(Variables);
    return destinationSets === undefined ? {} : { destinationSets };
  }

  #putPipeline(): void {
    const { userParameters } = this;
    const outputs = this.jobs.artifacts.map(({ name, location: { s3Location } }) => ({
      name,
      s3location: { bucket: s3Location.bucketName, key: s3Location.objectKey },
    }));
    const UserParameters =
      typeof userParameters === 'string' ? userParameters : JSON.stringify(userParameters);
    this.jobs.aws.pipelines.put({
      accountId: ACCOUNT,
      region: HOME,
      declaration: {
        name: 'shop',
        roleArn: this.pipelineRoleArn,
        artifactStore: { type: 'S3', location: 'pipeline-artifacts' },
        stages: [
          { name: 'Build', actions: [] },
          {
            name: 'Sync',
            actions: [
              {
                name: 'SyncArtifacts',
                actionTypeId: { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' },
                configuration: { FunctionName: FUNCTION, UserParameters },
                inputArtifacts: this.inputNames.map((name) => ({ name })),
              },
            ],
          },
        ],
      },
      actionExecutions: [
        {
          pipelineExecutionId: '4f1b6c2e-0d3a-4c57-9b8e-2a6d1f7e5c90',
          stageName: 'Build',
          actionName: 'Build',
          status: 'Succeeded',
          output: { outputArtifacts: outputs },
        },
      ],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs[Symbol.asyncDispose]();
  }
}

/** The statements of the deployed role, by what they are on. */
const SIDS: Readonly<Record<Grant['on'], string>> = {
  'source bucket': 'FindSources',
  'source objects': 'ReadSources',
  'source keys': 'DecryptSources',
  'destination buckets': 'FindDestinations',
  'destination objects': 'ReadAndWriteDestinations',
  'destination keys': 'EncryptDestinations',
  'any job': 'AnswerJobs',
};

/** Every action of the permissions table with what it is on, each once. */
export function tableOfPermissions(): readonly (readonly [string, Grant['on']])[] {
  const all = OPERATIONS.flatMap(({ needs }) => needs.map(({ action, on }) => [action, on] as const));
  return [...new Map(all.map((each) => [each.join(' on '), each])).values()];
}
