// The Lambda function that a Sync action invokes, with its role, log group and the handler of lost jobs.
import { fileURLToPath } from 'node:url';
import { Duration, type IResolvable, RemovalPolicy } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { NODE_OPTIONS } from '../../functions/sync-artifacts/bundle/node-options.ts';
import { copyStatements, runtimeStatements } from '../permissions/function-statements.ts';
import { exactRole, type Wildcard } from '../permissions/policy.ts';
import { allow, type Statement } from '../permissions/statement.ts';
import {
  asyncInvocationFor,
  FUNCTION_MEMORY_MIB,
  FUNCTION_TIMEOUT_SECONDS,
  LOST_JOB_RETRY_ATTEMPTS,
  LOST_JOB_TIMEOUT_SECONDS,
} from '../shape/job-time.ts';
import { type DestinationSets, environmentWithSets } from './destination-sets.ts';
import { type BucketSet, destinationBuckets, type SyncBucket, sourceBuckets } from './sync-buckets.ts';

/** What `npm run build` writes: the very bytes that the replay runs. */
export const BUNDLE_DIRECTORY = fileURLToPath(new URL('../../dist/sync-artifacts', import.meta.url));

/** Props of a SyncArtifactsFunction. */
export interface SyncArtifactsFunctionProps {
  /** Buckets that artifacts are read from: the artifact buckets of the pipelines that invoke the function. */
  readonly sources: readonly SyncBucket[] | BucketSet;
  /** Buckets that artifacts are copied to, in any region; of other accounts, if their policies allow it. */
  readonly destinations: readonly SyncBucket[] | BucketSet;
  /**
   * Name of the function.
   * @default chosen by CloudFormation
   */
  readonly functionName?: string;
  /**
   * Name of the function's role.
   * @default chosen by CloudFormation
   */
  readonly roleName?: string;
  /**
   * Name of the function that reports lost jobs.
   * @default chosen by CloudFormation
   */
  readonly lostJobFunctionName?: string;
  /**
   * Name of that function's role.
   * @default chosen by CloudFormation
   */
  readonly lostJobRoleName?: string;
  /**
   * The code of both functions.
   * @default the bundle in dist/sync-artifacts
   */
  readonly code?: Code;
  /**
   * How long one invocation runs before the job is continued by the next one. Up to 8 minutes and 15 seconds, Lambda
   * tries a job that died once more; beyond that there is no time for it before CodePipeline's 20 minutes are over.
   * @default Duration.minutes(8)
   */
  readonly timeout?: Duration;
  /**
   * Memory in MiB. Server-side copies need little; relayed ones get network bandwidth by memory.
   * @default 1769, one full vCPU (Lambda developer guide, memory)
   */
  readonly memoryMiB?: number;
  /**
   * How long logs are kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * Key of the log groups; its policy must let CloudWatch Logs use it.
   * @default CloudWatch Logs' own encryption
   */
  readonly logKey?: IKey;
  /**
   * Least severe log level: DEBUG, INFO, WARN or ERROR.
   * @default 'INFO'
   */
  readonly logLevel?: string;
  /**
   * Further environment variables, such as the function's own settings.
   * @default none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Named sets of destinations, for actions with `destinationSet`. What a set says of its buckets is not looked up, and
   * their names do not count among the 1000 characters of an action's parameters. Unless `destinations` are a BucketSet,
   * the buckets of the sets are among them.
   * @default none
   */
  readonly destinationSets?: DestinationSets;
}

/** The function, ready for a `SyncArtifactsAction` or a hand-written Invoke action. */
export class SyncArtifactsFunction extends Construct {
  /** The function that the action invokes. */
  readonly function: LambdaFunction;
  /** The function that fails the job when the other one died without a word. */
  readonly lostJobFunction: LambdaFunction;
  /** The log groups of both. */
  readonly logGroups: readonly ILogGroup[];
  /** The role of the function, to be named in policies of buckets and keys of other accounts. */
  readonly roleArn: string;

  constructor(scope: Construct, id: string, props: SyncArtifactsFunctionProps) {
    super(scope, id);
    const sources = 'bucketArns' in props.sources ? props.sources : sourceBuckets(this, props.sources);
    const destinations =
      'bucketArns' in props.destinations
        ? props.destinations
        : destinationBuckets(this, [
            ...props.destinations,
            ...Object.values(props.destinationSets ?? {}).flat(),
          ]);
    const code = props.code ?? Code.fromAsset(BUNDLE_DIRECTORY);
    const timeout = props.timeout ?? Duration.seconds(FUNCTION_TIMEOUT_SECONDS);
    const { retryAttempts, maxEventAgeSeconds } = asyncInvocationFor(timeout.toSeconds());
    const logs = {
      retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(props.logKey ? { encryptionKey: props.logKey } : {}),
    };
    const shared = {
      code,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      tracing: Tracing.ACTIVE,
    };

    const lostJobLogs = new LogGroup(this, 'LostJobLogs', {
      ...logs,
      ...logGroupName(props.lostJobFunctionName),
    });
    const lostJobRole = this.#role('LostJobRole', props.lostJobRoleName, [
      // Jobs are not resources that IAM knows (service authorization reference, AWS CodePipeline).
      allow('AnswerJobs', ['codepipeline:PutJobFailureResult'], ['*']),
      ...runtimeStatements(lostJobLogs),
    ]);
    this.lostJobFunction = new LambdaFunction(this, 'LostJob', {
      ...shared,
      ...(props.lostJobFunctionName === undefined ? {} : { functionName: props.lostJobFunctionName }),
      description: 'Fails CodePipeline jobs whose function died without an answer',
      handler: 'lost-job.handler',
      role: lostJobRole,
      timeout: Duration.seconds(LOST_JOB_TIMEOUT_SECONDS),
      retryAttempts: LOST_JOB_RETRY_ATTEMPTS,
      memorySize: 256,
      logGroup: lostJobLogs,
      environment: {
        POWERTOOLS_SERVICE_NAME: 'lost-job',
        POWERTOOLS_LOG_LEVEL: props.logLevel ?? 'INFO',
      },
    });

    const functionLogs = new LogGroup(this, 'Logs', { ...logs, ...logGroupName(props.functionName) });
    const statements = [
      ...copyStatements(sources, destinations),
      // Lambda sends the record of a failed asynchronous invocation with the role of the function that failed.
      allow('HandOverLostJobs', ['lambda:InvokeFunction'], [this.lostJobFunction.functionArn]),
      ...runtimeStatements(functionLogs),
    ];
    const role = this.#role('Role', props.roleName, statements, [
      {
        resources: sources.objectArns,
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
      {
        resources: destinations.objectArns,
        reason: 'Copies have the keys that CodePipeline chose at run time; the buckets are named.',
      },
    ]);
    this.logGroups = [functionLogs, lostJobLogs];
    this.roleArn = role.roleArn;
    this.function = new LambdaFunction(this, 'Function', {
      ...shared,
      ...(props.functionName === undefined ? {} : { functionName: props.functionName }),
      description: 'Copies CodePipeline artifacts into regional buckets and proves the copies',
      handler: 'handler.handler',
      role,
      timeout,
      retryAttempts,
      maxEventAge: Duration.seconds(maxEventAgeSeconds),
      // By ARN: aws-lambda-destinations adds a permission for the role as principal, which is made seconds before and
      // needs none, since the role's own policy allows it.
      onFailure: { bind: () => ({ destination: this.lostJobFunction.functionArn }) },
      memorySize: props.memoryMiB ?? FUNCTION_MEMORY_MIB,
      logGroup: functionLogs,
      environment: environmentWithSets(
        this,
        {
          NODE_OPTIONS,
          POWERTOOLS_SERVICE_NAME: 'sync-artifacts',
          POWERTOOLS_LOG_LEVEL: props.logLevel ?? 'INFO',
          ...props.environment,
        },
        props.destinationSets,
      ),
    });
  }

  #role(
    id: string,
    roleName: string | undefined,
    statements: readonly (Statement | IResolvable)[],
    wildcards: readonly Wildcard[] = [],
  ): IRole {
    const unnamed = {
      resources: ['*'],
      reason: 'CodePipeline jobs and X-Ray segments are not resources that IAM knows; the actions are named.',
    };
    return exactRole(this, id, {
      roleName,
      service: 'lambda.amazonaws.com',
      statements,
      wildcards: [...wildcards, unnamed],
    });
  }
}

// Where an operator looks first; without a name for the function there is none for its logs either.
function logGroupName(functionName: string | undefined): { logGroupName?: string } {
  return functionName === undefined ? {} : { logGroupName: `/aws/lambda/${functionName}` };
}
