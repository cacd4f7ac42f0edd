// A deployed Lambda function of the foundation: the built bundle in a process of its own, with the role and the settings of its template.
import { fileURLToPath } from 'node:url';
import { AwsError } from '../../aws/aws-error.ts';
import type { DeployedResource } from '../../cloudformation/deployment.ts';
import { type Invocation, LambdaFunction } from '../../lambda/lambda.ts';
import { record, text } from '../../pipeline/event/json.ts';
import type { Invocable } from '../../pipeline/job-loop.ts';
import type { Cloud } from './cloud.ts';
import type { Session } from './session.ts';

/** Where the bundle is built; a template's `Handler` names a file in it. */
const BUNDLE = new URL('../../../dist/sync-artifacts/', import.meta.url);

/** It can be invoked until it is disposed of. */
export class DeployedFunction implements Invocable, AsyncDisposable {
  readonly arn: string;
  /** How often Lambda tries an asynchronous invocation. */
  readonly attempts: number;
  /** ARN of its on-failure destination. */
  readonly onFailureArn: string | undefined;
  /** Of its role, once Lambda has assumed it. */
  readonly #session: Session;
  readonly #cloud: Cloud;
  readonly #resource: DeployedResource;
  readonly #lambda: LambdaFunction;
  #hasLogStream = false;

  /** @throws AccessDenied when Lambda cannot assume its role; an Error for a function that is not deployed */
  constructor(cloud: Cloud, functionName: string) {
    this.#cloud = cloud;
    this.#resource = cloud.find(
      'AWS::Lambda::Function',
      `function ${functionName}`,
      ({ ref }) => ref === functionName,
    );
    const { account, region, properties } = this.#resource;
    this.arn = `arn:aws:lambda:${region}:${account}:function:${functionName}`;
    const invokeConfig = record(
      cloud.deployment
        .resourcesOf('AWS::Lambda::EventInvokeConfig')
        .find((config) => config.properties.FunctionName === functionName)?.properties,
    );
    const { MaximumRetryAttempts: retries = 2 } = invokeConfig;
    this.attempts = 1 + Number(retries);
    this.onFailureArn = text(record(record(invokeConfig.DestinationConfig).OnFailure).Destination);
    this.#session = cloud
      .service('lambda.amazonaws.com')
      .assume(String(properties.Role), functionName, region, {
        'aws:SourceAccount': account,
        'aws:SourceArn': this.arn,
      });
    const variables = Object.entries(record(record(properties.Environment).Variables));
    const [module = '', handlerName = ''] = String(properties.Handler).split('.');
    this.#lambda = new LambdaFunction({
      functionName,
      handlerFile: fileURLToPath(new URL(`${module}.mjs`, BUNDLE)),
      handlerName,
      region,
      accountId: account,
      credentials: this.#session.credentials,
      timeoutMs: Number(properties.Timeout) * 1000,
      memoryMb: Number(properties.MemorySize),
      environment: {
        ...Object.fromEntries(variables.map(([name, value]) => [name, String(value)])),
        AWS_ENDPOINT_URL_S3: cloud.aws.endpoint,
        AWS_ENDPOINT_URL_CODEPIPELINE: cloud.aws.endpoint,
      },
    });
  }

  /** Invokes it, and writes logs and traces as Lambda does in its role's name: what is denied is lost. */
  async invoke(event: unknown, requestId?: string): Promise<Invocation> {
    const invocation = await this.#lambda.invoke(event, requestId);
    this.#log();
    return invocation;
  }

  /** Hands an event that failed to the on-failure destination, as Lambda does in the function's name. @throws AccessDenied */
  async handOver(destination: Invocable, payload: unknown): Promise<Invocation> {
    this.#session.call('lambda:InvokeFunction', this.onFailureArn ?? '', this.#resource.region);
    return destination.invoke(payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lambda[Symbol.asyncDispose]();
  }

  #log(): void {
    const { account, region, properties } = this.#resource;
    const name = text(record(properties.LoggingConfig).LogGroup) ?? `/aws/lambda/${this.#resource.ref}`;
    const logGroup = `arn:aws:logs:${region}:${account}:log-group:${name}`;
    withoutFailing(() => {
      if (!this.#hasLogStream)
        this.#session.call('logs:CreateLogStream', `${logGroup}:log-stream:pipeline`, region);
      this.#session.call('logs:PutLogEvents', `${logGroup}:log-stream:pipeline`, region);
      this.#hasLogStream = true;
      const keyArn = text(record(this.#logGroup(name)?.properties).KmsKeyId);
      if (keyArn === undefined) return;
      // CloudWatch Logs user guide, encrypt log data: the service uses the key for what it stores and shows.
      const service = this.#cloud.service(`logs.${region}.amazonaws.com`);
      for (const action of ['kms:GenerateDataKey', 'kms:Decrypt'])
        service.useKey(action, keyArn, { 'kms:EncryptionContext:aws:logs:arn': logGroup });
    });
    if (record(properties.TracingConfig).Mode === 'Active') {
      withoutFailing(() => {
        for (const action of ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'])
          this.#session.call(action, '*', region);
      });
    }
  }

  #logGroup(name: string): DeployedResource | undefined {
    return this.#cloud.deployment.resourcesOf('AWS::Logs::LogGroup').find(({ ref }) => ref === name);
  }
}

/** What is denied is left out, without a word. */
function withoutFailing(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}
