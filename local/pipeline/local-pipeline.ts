// A pipeline in the embedded AWS: its source and destination buckets with their keys, the function's role, and jobs.
import type { Bucket, BucketEncryption, Versioning } from '../aws/state/buckets.ts';
import type { Job, NewJob } from '../aws/state/code-pipeline/jobs.ts';
import type { PolicyStatement, SimpleIdentity } from '../aws/state/identities.ts';
import type { KmsKey } from '../aws/state/kms-keys.ts';
import type { World } from '../aws/state/world.ts';
import { FUNCTION_NAME } from '../lambda/lambda.ts';
import { type Reach, roleSessionArn, roleStatements, shareBucket, shareKey } from './identities.ts';

/** Where a pipeline is. */
interface Home {
  readonly accountId: string;
  /** Region of the pipeline, its artifact bucket and the function. */
  readonly region: string;
}

/** How a bucket differs from one of the pipeline's account, in its region, versioned, under a key of its own. */
interface NewPipelineBucket {
  readonly region?: string;
  readonly ownerAccountId?: string;
  readonly versioning?: Versioning;
  /** The bucket's default key. By default a new one; `none` for a bucket without a customer managed key. */
  readonly key?: KmsKey | 'none';
  /** Replaces the default encryption as a whole. */
  readonly encryption?: BucketEncryption | 'none';
  /** Whether the function's role may use the bucket and its default key. @default both */
  readonly role?: 'bucket and key' | 'bucket' | 'nothing';
}

/** Lambda renews a role's credentials long before they end; what runs here is over sooner. */
const ROLE_SESSION_MS = 24 * 3_600_000;

/** A session of a role, as Lambda assumes it. */
export function addRole(
  world: World,
  accountId: string,
  name: string,
  may: readonly PolicyStatement[] = [],
): SimpleIdentity {
  return world.addIdentity({
    principalArn: roleSessionArn(accountId, name),
    expiresAt: new Date(Date.now() + ROLE_SESSION_MS),
    may,
  });
}

/** The role of the on-failure destination: it may fail jobs, nothing else. */
export function addLostJobRole(world: World, accountId: string): SimpleIdentity {
  return addRole(world, accountId, 'lost-job', [
    { Effect: 'Allow', Action: 'codepipeline:PutJobFailureResult', Resource: '*' },
  ]);
}

/** Builds the pipeline step by step; the role has exactly the permissions that the deployed one has. */
export class LocalPipeline {
  readonly world: World;
  readonly home: Home;
  /** The function's role. */
  readonly role: SimpleIdentity;
  readonly #sources: Reach = { buckets: [], keyArns: [] };
  readonly #destinations: Reach = { buckets: [], keyArns: [] };
  readonly #extras: PolicyStatement[] = [];

  /** @param role an existing role to be used instead of a new one: what it may do is replaced */
  constructor(world: World, home: Home, role?: SimpleIdentity) {
    this.world = world;
    this.home = home;
    this.role = role ?? addRole(world, home.accountId, FUNCTION_NAME);
    this.#grant();
  }

  /** Adds a bucket that artifacts are read from. @throws Error if there is a bucket of that name */
  addSource(name: string, options: NewPipelineBucket = {}): Bucket {
    const bucket = this.#createBucket(name, options);
    this.#allow(this.#sources, bucket, options.role);
    return bucket;
  }

  /** Adds a bucket that artifacts are copied to. @throws Error if there is a bucket of that name */
  addDestination(name: string, options: NewPipelineBucket = {}): Bucket {
    const bucket = this.#createBucket(name, options);
    this.allowWriting(bucket, options.role);
    return bucket;
  }

  /** Lets the role write to a bucket that exists, as to a destination. */
  allowWriting(bucket: Bucket, role?: NewPipelineBucket['role']): void {
    this.#allow(this.#destinations, bucket, role);
  }

  /** Lets the role encrypt copies under a key that is not the default one of their bucket. */
  allowKey(arn: string): void {
    this.#destinations.keyArns.push(arn);
    this.#shareKey(arn);
    this.#grant();
  }

  /** Gives the role a permission that the deployed one does not have, or with `Effect: 'Deny'` takes one. */
  addStatement(statement: PolicyStatement): void {
    this.#extras.push(statement);
    this.#grant();
  }

  /** A new job for the function. */
  createJob(data: NewJob['data'], jobId?: string): Job {
    return this.world.codePipeline.createJob({
      ...(jobId === undefined ? {} : { jobId }),
      accountId: this.home.accountId,
      data,
    });
  }

  #createBucket(name: string, options: NewPipelineBucket): Bucket {
    const { region = this.home.region, ownerAccountId = this.home.accountId } = options;
    const bucket = this.world.createBucket({
      name,
      region,
      ownerAccountId,
      versioning: options.versioning ?? 'Enabled',
      ...this.#encryptionOf(options, region, ownerAccountId),
    });
    if (ownerAccountId !== this.home.accountId) shareBucket(this.world, bucket, this.home.accountId);
    for (const arn of this.#defaultKey(bucket)) this.#shareKey(arn);
    return bucket;
  }

  /** A key of another account is of use only when its policy names the account that copies. */
  #shareKey(arn: string): void {
    const key = this.world.keys.get(arn);
    if (key !== undefined && key.accountId !== this.home.accountId) {
      shareKey(this.world, key, this.home.accountId);
    }
  }

  #encryptionOf(
    { key, encryption }: NewPipelineBucket,
    region: string,
    accountId: string,
  ): { encryption?: BucketEncryption | 'none' } {
    if (encryption !== undefined) return { encryption };
    if (key === 'none') return {};
    const { arn } = key ?? this.world.createKey({ accountId, region });
    return { encryption: { algorithm: 'aws:kms', keyId: arn, bucketKey: true } };
  }

  #defaultKey({ encryption, ownerAccountId, region }: Bucket): string[] {
    const key = encryption?.keyId
      ? this.world.keys.find(encryption.keyId, ownerAccountId, region)
      : undefined;
    return key ? [key.arn] : [];
  }

  #allow(reach: Reach, bucket: Bucket, role: NewPipelineBucket['role'] = 'bucket and key'): void {
    if (role !== 'nothing') reach.buckets.push(bucket);
    if (role === 'bucket and key') reach.keyArns.push(...this.#defaultKey(bucket));
    this.#grant();
  }

  #grant(): void {
    this.role.may = [...roleStatements(this.#sources, this.#destinations), ...this.#extras];
  }
}
