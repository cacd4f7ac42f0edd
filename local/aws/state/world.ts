// The state of the embedded AWS and its in-process control plane: synchronous, no HTTP.
import { randomBytes } from 'node:crypto';
import type { Content } from '../content/content.ts';
import { artifactGrants } from './artifact-grants.ts';
import {
  type Bucket,
  type BucketEncryption,
  type ObjectVersion,
  remove,
  store,
  UNCHOSEN_ENCRYPTION,
  type Versioning,
} from './buckets.ts';
import { CodePipelineJobs } from './code-pipeline-jobs.ts';
import { type Credentials, type Grant, type Identity, newCredentials } from './identities.ts';
import { type KeyState, type KmsKey, KmsKeys, type NewKey } from './kms-keys.ts';
import { newVersion, type PutOptions } from './place-object.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';

/** The account of everything that is not said to belong to another. */
export const DEFAULT_ACCOUNT_ID = '111122223333';

/** What a bucket is made of. */
export interface NewBucket {
  readonly name: string;
  readonly region: string;
  readonly ownerAccountId?: string;
  readonly versioning?: Versioning;
  /** SSE-S3 if absent, as in S3; `none` makes GetBucketEncryption answer that there is none, as lesser servers do. */
  readonly encryption?: BucketEncryption | 'none';
  /** Whether Object Lock is enabled, which S3 allows with versioning only. */
  readonly objectLock?: boolean;
  readonly acls?: boolean;
}

/** What an identity is made of; new credentials unless some are given. */
export interface NewIdentity {
  readonly principalArn: string;
  readonly accountId?: string;
  readonly credentials?: Credentials;
  readonly expiresAt?: Date;
  readonly may: readonly Grant[];
}

/** Everything there is: keys, buckets, identities, jobs, and the log of requests. */
export class World {
  readonly keys = new KmsKeys();
  readonly buckets = new Map<string, Bucket>();
  readonly codePipeline: CodePipelineJobs;
  readonly #identities = new Map<string, Identity>();
  readonly #log = new RequestLog();

  constructor() {
    this.codePipeline = new CodePipelineJobs({
      artifactGrants: (data) => artifactGrants(this, data),
      issue: (accountId, may, given) => {
        const expiresAt = given ? given.expirationTime : Date.now() + ARTIFACT_CREDENTIALS_MS;
        const { accessKeyId, secretAccessKey, sessionToken } = given ?? newCredentials('temporary');
        const credentials = {
          accessKeyId,
          secretAccessKey,
          ...(sessionToken !== undefined && { sessionToken }),
        };
        return this.addIdentity({
          principalArn: `arn:aws:sts::${accountId}:assumed-role/PipelineRole/${randomBytes(8).toString('hex')}`,
          accountId,
          credentials,
          ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
          may,
        });
      },
    });
  }

  /** Every request so far, in the order in which they ended. */
  get requests(): readonly LoggedRequest[] {
    return this.#log.all;
  }

  /** Calls back after every request; returns the function that ends it. */
  onRequest(listener: (request: LoggedRequest) => void): () => void {
    return this.#log.listen(listener);
  }

  /** For the server: notes a request. */
  logRequest(request: LoggedRequest): void {
    this.#log.add(request);
  }

  createKey(key: Omit<NewKey, 'accountId'> & { readonly accountId?: string }): KmsKey {
    return this.keys.create({ ...key, accountId: key.accountId ?? DEFAULT_ACCOUNT_ID });
  }

  setKeyState(arn: string, state: KeyState): void {
    const key = this.keys.get(arn);
    if (key === undefined) {
      throw new Error(`there is no key ${arn}`);
    }
    key.state = state;
  }

  createBucket({
    name,
    region,
    ownerAccountId,
    versioning,
    encryption,
    objectLock = false,
    acls = false,
  }: NewBucket): Bucket {
    if (this.buckets.has(name)) {
      throw new Error(`there is a bucket ${name} already`);
    }
    const bucket: Bucket = {
      name,
      arn: `arn:aws:s3:::${name}`,
      region,
      ownerAccountId: ownerAccountId ?? DEFAULT_ACCOUNT_ID,
      createdAt: new Date(),
      versioning: versioning ?? (objectLock ? 'Enabled' : 'Unversioned'),
      encryption: encryption === 'none' ? undefined : (encryption ?? UNCHOSEN_ENCRYPTION),
      objects: new Map(),
      uploads: new Map(),
      endedUploads: new Map(),
      objectLock,
      acls,
      changes: new Map(),
    };
    this.buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) {
      throw new Error(`there is no bucket ${name}`);
    }
    return bucket;
  }

  deleteBucket(name: string): void {
    this.buckets.delete(name);
  }

  /** Puts an object in place as its owner would have uploaded it; nobody's permissions are asked. */
  putObject(
    bucketOrName: Bucket | string,
    key: string,
    content: Content,
    options: PutOptions = {},
  ): ObjectVersion {
    const bucket = typeof bucketOrName === 'string' ? this.bucket(bucketOrName) : bucketOrName;
    return store(bucket, newVersion(this, bucket, key, content, options));
  }

  /** Deletes an object as its owner would: in a bucket with versions a marker hides it. */
  deleteObject(bucketName: string, key: string): void {
    remove(this.bucket(bucketName), key);
  }

  addIdentity({ principalArn, accountId, credentials, expiresAt, may }: NewIdentity): Identity {
    const identity: Identity = {
      principalArn,
      accountId: accountId ?? DEFAULT_ACCOUNT_ID,
      credentials: credentials ?? newCredentials(expiresAt === undefined ? 'permanent' : 'temporary'),
      expiresAt,
      may,
    };
    this.#identities.set(identity.credentials.accessKeyId, identity);
    return identity;
  }

  removeIdentity(accessKeyId: string): void {
    this.#identities.delete(accessKeyId);
  }

  identity(accessKeyId: string): Identity | undefined {
    return this.#identities.get(accessKeyId);
  }
}

/** How long artifactCredentials live: an hour, as a chained role session does. */
const ARTIFACT_CREDENTIALS_MS = 60 * 60 * 1000;
