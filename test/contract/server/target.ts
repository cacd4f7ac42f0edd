// The S3 server under test: the one that the environment names, else an embedded AWS started for the test file.
import { randomBytes } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import { DEFAULT_ACCOUNT_ID } from '../../../local/aws/state/world.ts';

export const REGION = process.env.AWS_REGION ?? 'us-east-1';
export const OTHER_REGION = REGION === 'eu-west-1' ? 'us-east-1' : 'eu-west-1';

export interface Target {
  /** Whether this is the project's own server, which must be able to do everything. */
  readonly embedded: boolean;
  client(region?: string): S3;
  /** Makes a bucket that is emptied and deleted at the end. */
  createBucket(region?: string): Promise<string>;
  /** A client of REGION with such a bucket there. */
  fresh(): Promise<{ s3: S3; Bucket: string }>;
  /** A KMS key in REGION, if the server has any. */
  readonly kmsKeyArn: string | undefined;
  /** The account that the credentials belong to. */
  readonly accountId: string;
}

/** Sets the server up for the tests of one file; the returned function gives it once they run. */
export function useTarget(): () => Target {
  let target: Target | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const started = await start();
    target = started.target;
    close = started.close;
  });
  afterAll(async () => close?.());
  return () => {
    if (target === undefined) {
      throw new Error('the target is there only while tests run');
    }
    return target;
  };
}

interface Server {
  readonly endpoint: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly kmsKeyArn: string | undefined;
  readonly embedded: EmbeddedAws | undefined;
}

async function start(): Promise<{ target: Target; close: () => Promise<void> }> {
  const server = await findServer();
  const clients = new Map<string, S3>();
  const buckets: { name: string; region: string }[] = [];
  const client = (region = REGION): S3 => {
    let found = clients.get(region);
    if (found === undefined) {
      const { endpoint, credentials } = server;
      found = new S3({ endpoint, credentials, region, forcePathStyle: true });
      clients.set(region, found);
    }
    return found;
  };
  const createBucket: Target['createBucket'] = async (region = REGION) => {
    const name = `contract-${randomBytes(6).toString('hex')}`;
    const elsewhere = region !== 'us-east-1' && {
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' as const },
    };
    await client(region).createBucket({ Bucket: name, ...elsewhere });
    buckets.push({ name, region });
    return name;
  };
  const target: Target = {
    embedded: server.embedded !== undefined,
    kmsKeyArn: server.kmsKeyArn,
    accountId: process.env.CONTRACT_ACCOUNT_ID ?? DEFAULT_ACCOUNT_ID,
    client,
    createBucket,
    fresh: async () => ({ s3: client(), Bucket: await createBucket() }),
  };
  const close = async (): Promise<void> => {
    if (server.embedded === undefined) {
      for (const { name, region } of buckets) {
        await removeBucket(client(region), name);
      }
    }
    for (const open of clients.values()) {
      open.destroy();
    }
    await server.embedded?.close();
  };
  return { target, close };
}

async function findServer(): Promise<Server> {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const accessKeyId = process.env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = process.env.AWS_SECRET_ACCESS_KEY;
  const sessionToken = process.env.AWS_SESSION_TOKEN;
  if (endpoint !== undefined && accessKeyId !== undefined && secretAccessKey !== undefined) {
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
    return { endpoint, credentials, kmsKeyArn: process.env.CONTRACT_KMS_KEY_ARN, embedded: undefined };
  }
  const embedded = await startEmbeddedAws();
  const key = embedded.world.createKey({ region: REGION });
  return { endpoint: embedded.endpoint, credentials: embedded.admin, kmsKeyArn: key.arn, embedded };
}

/** Keeps versions of what is written from now on, or none. */
export async function setVersioning(s3: S3, Bucket: string, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
}

/** Empties and deletes a bucket; what cannot be deleted is left to the server's owner. */
async function removeBucket(s3: S3, Bucket: string): Promise<void> {
  try {
    const { Uploads = [] } = await s3.listMultipartUploads({ Bucket });
    for (const { Key, UploadId } of Uploads) {
      await s3.abortMultipartUpload({ Bucket, Key, UploadId });
    }
    for (const { Key, VersionId } of await everything(s3, Bucket)) {
      await s3.deleteObject({ Bucket, Key, VersionId });
    }
    await s3.deleteBucket({ Bucket });
  } catch (error) {
    process.stderr.write(`could not remove ${Bucket}: ${String(error)}\n`);
  }
}

async function everything(
  s3: S3,
  Bucket: string,
): Promise<{ Key?: string | undefined; VersionId?: string | undefined }[]> {
  try {
    const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
    return [...Versions, ...DeleteMarkers];
  } catch {
    const { Contents = [] } = await s3.listObjectsV2({ Bucket });
    return Contents.map(({ Key }) => (Key === undefined ? {} : { Key }));
  }
}
