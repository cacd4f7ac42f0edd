// The AWS clients of the commands: one configuration, the regions as they are needed.
import { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { omitUndefined } from '../functions/sync-artifacts/util.ts';
import { UsageError } from './usage-error.ts';

/** How AWS is reached. What is left out is as for the AWS CLI: environment, then profile. */
export interface AwsAccess {
  readonly region?: string;
  readonly profile?: string;
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
  /** For all services; only where it is not Amazon's. */
  readonly endpoint?: string;
}

/** With the SDK's waits between them, half a minute. */
const IAM_ATTEMPTS = 8;

/** Where the SDK finds another endpoint for S3. */
const ENDPOINTS = [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL];

/** Clients of one caller. */
export class AwsClients {
  readonly #access: AwsAccess;
  readonly #s3 = new Map<string, S3Client>();

  /** `given` are the options of the command, which come first. */
  constructor(
    access: AwsAccess,
    { region, profile }: { readonly region?: string; readonly profile?: string } = {},
  ) {
    this.#access = { ...access, ...omitUndefined({ region, profile }) };
  }

  /** The region that is given, or that of environment or profile. @throws UsageError when there is none */
  async region(): Promise<string> {
    const { config } = new LambdaClient(this.#configuration(this.#access.region));
    return await orUsageError(
      async () => await config.region(),
      ({ message }) => `No region: ${message}. Give --region, or set AWS_REGION, or a region in the profile.`,
    );
  }

  codePipeline(region: string): CodePipelineClient {
    return new CodePipelineClient(this.#configuration(region));
  }

  lambda(region: string): LambdaClient {
    return new LambdaClient(this.#configuration(region));
  }

  /** IAM is one for all regions of a partition, which the region stands for. */
  iam(region: string): IAMClient {
    // It throttles early.
    return new IAMClient({ ...this.#configuration(region), maxAttempts: IAM_ATTEMPTS });
  }

  s3(region: string): S3Client {
    const known = this.#s3.get(region);
    if (known !== undefined) return known;
    const client = new S3Client({
      ...this.#configuration(region),
      // Where a bucket is need not be known.
      followRegionRedirects: true,
      // As the function does: other endpoints mostly know no names of buckets in the host.
      forcePathStyle: ENDPOINTS.some((endpoint) => Boolean(endpoint)) || this.#access.endpoint !== undefined,
    });
    this.#s3.set(region, client);
    return client;
  }

  #configuration(region: string | undefined): AwsAccess {
    return omitUndefined({ ...this.#access, region });
  }
}

/**
 * What was asked for.
 * @throws UsageError with what `explain` makes of the failure
 */
export async function orUsageError<Answer>(
  ask: () => Promise<Answer>,
  explain: (cause: Error) => string,
): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(explain(cause as Error), { cause });
  }
}

/** What AWS answered, in one line. */
export function awsMessage(error: unknown): string {
  const { name, message } = error as { readonly name?: string; readonly message?: string };
  return message === undefined || message === '' || message === name
    ? String(name)
    : `${String(name)}: ${message}`;
}

/** Was it refused for want of a permission? */
export function isDenied(error: unknown): boolean {
  const { name, $metadata } = error as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return /^AccessDenied/.test(name ?? '') || $metadata?.httpStatusCode === 403;
}
