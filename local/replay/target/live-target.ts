// The real AWS, or the S3 server that the shell points to, as a place to replay in; only CodePipeline is a local one.
import { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { plural } from '../../../functions/sync-artifacts/result/summary.ts';
import { startEmbeddedAws } from '../../aws/embedded-aws.ts';
import type { RoleCredentials } from '../../lambda/lambda.ts';
import { EventError, type ReplayEvent } from '../../pipeline/event/event.ts';
import type { ReplayOptions } from '../options.ts';
import type { Target } from './target.ts';

/** Variables of the user's shell that say where S3 is; everything else comes from the credentials chain. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'];

const IDENTITY_TIMEOUT_MS = 5_000;

/** Who the user is, where, and with what. */
interface Identity {
  readonly credentials: RoleCredentials;
  readonly region: string;
  readonly account: string;
  readonly principal: string;
}

/** Finds the user's identity, and starts a CodePipeline that keeps the job results. @throws EventError without credentials */
export async function liveTarget(options: ReplayOptions, event: ReplayEvent): Promise<Target> {
  const endpoints = ownEndpoints();
  const identity = await ownIdentity(event, endpoints);
  const recorder = await startEmbeddedAws();
  const { world } = recorder;
  world.addIdentity({
    principalArn: `arn:aws:iam::${event.accountId}:user/live`,
    credentials: identity.credentials,
    may: [{ Effect: 'Allow', Action: 'codepipeline:*', Resource: '*' }],
  });
  const { jobId, accountId, data } = event;
  let runs = 0;
  return {
    kind: 'live',
    facts: [
      ['on', endpointText(endpoints, identity.region)],
      ['as', identity.principal],
      ['of', accountText(identity.account, event.accountId)],
    ],
    world,
    functionSettings: {
      region: identity.region,
      credentials: identity.credentials,
      environment: {
        ...endpoints,
        AWS_ENDPOINT_URL_CODEPIPELINE: recorder.endpoint,
        ...Object.fromEntries(options.env),
      },
    },
    lostJobCredentials: identity.credentials,
    nextJob() {
      runs += 1;
      const job = world.codePipeline.createJob({
        ...(runs === 1 ? { jobId } : {}),
        accountId,
        data: { ...data, artifactCredentials: null },
      });
      return { job, event: job.event };
    },
    invocable: (lambda) => ({
      // Credentials of a sample, or of a job long past, open nothing: the user's take their place.
      invoke: (given, requestId) => lambda.invoke(withCredentials(given, identity.credentials), requestId),
    }),
    whileRunning: (_, action) => action(),
    [Symbol.asyncDispose]: () => recorder.close(),
  };
}

/** What is about to be written where, as a question. */
export function writingQuestion({ copies }: ReplayEvent, { facts }: Target): string {
  const buckets = [...new Set(copies.map(({ destination }) => destination.bucket))];
  const where = Object.fromEntries(facts);
  return `This writes ${plural(copies.length, 'copy', 'copies')} to ${buckets.join(', ')} on ${where.on}, as ${where.as}. Go on?`;
}

function endpointText(endpoints: Readonly<Record<string, string>>, region: string): string {
  const endpoint = endpoints.AWS_ENDPOINT_URL_S3 ?? endpoints.AWS_ENDPOINT_URL;
  return endpoint === undefined ? `the real AWS, region ${region}` : `the S3 server at ${endpoint}`;
}

function accountText(own: string, ofEvent: string): string {
  const account = `account ${own}`;
  return own === ofEvent || !/^\d{12}$/.test(own)
    ? account
    : `${account}; the event is of account ${ofEvent}, and buckets of any other are refused unless BucketOwner names it`;
}

function withCredentials(event: unknown, artifactCredentials: RoleCredentials): unknown {
  const { 'CodePipeline.job': job } = event as { 'CodePipeline.job': { readonly data: object } };
  return { 'CodePipeline.job': { ...job, data: { ...job.data, artifactCredentials } } };
}

/** Where the user's shell says that S3 is, for S3 servers that are not AWS. */
function ownEndpoints(): Record<string, string> {
  const given = ENDPOINT_VARIABLES.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(given.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** What the SDK finds in environment, profile, SSO or instance role, as every AWS tool does. */
async function ownIdentity(
  event: ReplayEvent,
  endpoints: Readonly<Record<string, string>>,
): Promise<Identity> {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? event.region;
  const client = new S3Client({ region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    return { region, credentials, ...(await whoIs(credentials, region, endpoints)) };
  } catch (cause) {
    throw new EventError(
      '--live needs AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
      { cause },
    );
  } finally {
    client.destroy();
  }
}

/** Account and ARN from STS. The keys of another S3 server are not shown to AWS: there only their id is known. */
async function whoIs(
  credentials: RoleCredentials,
  region: string,
  endpoints: Readonly<Record<string, string>>,
): Promise<Pick<Identity, 'account' | 'principal'>> {
  const unknown = (why: string) => ({
    account: `unknown (${why})`,
    principal: `access key ${credentials.accessKeyId}`,
  });
  const stsElsewhere = endpoints.AWS_ENDPOINT_URL ?? process.env.AWS_ENDPOINT_URL_STS;
  if (Object.keys(endpoints).length > 0 && stsElsewhere === undefined)
    return unknown('AWS_ENDPOINT_URL_S3 is not AWS, and names no STS');
  const sts = new STSClient({ region, credentials, maxAttempts: 2 });
  try {
    const abortSignal = AbortSignal.timeout(IDENTITY_TIMEOUT_MS);
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal });
    return Account === undefined || Arn === undefined
      ? unknown('STS did not say')
      : { account: Account, principal: Arn };
  } catch (error) {
    return unknown(`STS: ${error instanceof Error ? error.name : String(error)}`);
  } finally {
    sts.destroy();
  }
}
