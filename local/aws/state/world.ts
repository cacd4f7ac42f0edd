// The state of the embedded AWS and its in-process control plane: synchronous, no HTTP.
import type { Content } from '../content/content.ts';
import { checkBucketPolicy } from '../iam/bucket-policy.ts';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Facts, Policy } from '../iam/policy.ts';
import { PolicyError } from '../iam/policy-error.ts';
import type { Caller } from '../iam/principal.ts';
import { type Access, decideAccess } from './access.ts';
import { type AssumeRoleInput, assumeRole } from './assume-role.ts';
import {
  type Bucket,
  type BucketEncryption,
  type ObjectVersion,
  remove,
  store,
  UNCHOSEN_ENCRYPTION,
  type Versioning,
} from './buckets.ts';
import { artifactSession } from './code-pipeline/artifact-credentials.ts';
import { CodePipelineJobs } from './code-pipeline/jobs.ts';
import { Pipelines } from './code-pipeline/pipelines.ts';
import { type Identity, type NewIdentity, type SimpleIdentity, simpleIdentity } from './identities.ts';
import { type KeyState, type KmsKey, KmsKeys, type NewKey } from './kms-keys.ts';
import { LambdaFunctions } from './lambda-functions.ts';
import { ManagedPolicies } from './managed-policies.ts';
import { newVersion, type PutOptions } from './place-object.ts';
import type { LoggedRequest } from './request-log.ts';
import { newSession, type PolicyDocument, Roles } from './roles.ts';

/** The account of everything that is not given to another. */
export const DEFAULT_ACCOUNT_ID = '111122223333';

/** What a bucket is made of. */
interface NewBucket {
  readonly name: string;
  readonly region: string;
  readonly ownerAccountId?: string;
  readonly versioning?: Versioning;
  /** SSE-S3 if absent, as in S3; `none` makes GetBucketEncryption answer that there is none, as lesser servers do. */
  readonly encryption?: BucketEncryption | 'none';
  /** Whether Object Lock is enabled, which S3 allows with versioning only. */
  readonly objectLock?: boolean;
  readonly acls?: boolean;
  readonly policy?: PolicyDocument;
}

/** Everything there is: keys, buckets, roles, identities, pipelines, functions, jobs, and the log of requests. */
export class World {
  readonly keys = new KmsKeys();
  readonly buckets = new Map<string, Bucket>();
  readonly roles = new Roles((policy) => this.requirePrincipals(policy));
  readonly managedPolicies = new ManagedPolicies();
  /** Accounts that are in one organisation: only they tell each other why they deny. */
  readonly organizationAccountIds = new Set<string>();
  readonly codePipeline: CodePipelineJobs;
  readonly pipelines = new Pipelines();
  readonly functions = new LambdaFunctions();
  readonly #identities = new Map<string, Identity>();
  readonly #requests: LoggedRequest[] = [];
  readonly #listeners = new Set<(request: LoggedRequest) => void>();

  constructor() {
    this.codePipeline = new CodePipelineJobs((job) => this.addSession(artifactSession(this, job)));
  }

  /** Every request so far, in the order in which they ended. */
  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  /** Calls back after every request; returns the function that ends it. */
  onRequest(listener: (request: LoggedRequest) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For the server: notes a request. */
  logRequest(request: LoggedRequest): void {
    this.#requests.push(request);
    for (const listener of this.#listeners) listener(request);
  }

  createKey(key: Omit<NewKey, 'accountId'> & { readonly accountId?: string }): KmsKey {
    return this.keys.create({ ...key, accountId: key.accountId ?? DEFAULT_ACCOUNT_ID });
  }

  setKeyState(arn: string, state: KeyState): void {
    const key = this.keys.get(arn);
    if (key === undefined) throw new Error(`there is no key ${arn}`);
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
    policy,
  }: NewBucket): Bucket {
    if (this.buckets.has(name)) throw new Error(`there is a bucket ${name} already`);
    const bucket: Bucket = {
      name,
      arn: `arn:aws:s3:::${name}`,
      region,
      ownerAccountId: ownerAccountId ?? DEFAULT_ACCOUNT_ID,
      createdAt: new Date(),
      versioning: versioning ?? (objectLock ? 'Enabled' : 'Unversioned'),
      encryption: encryption === 'none' ? undefined : (encryption ?? UNCHOSEN_ENCRYPTION),
      objects: new Map(),
      policy: undefined,
      uploads: new Map(),
      endedUploads: new Map(),
      objectLock,
      lifecycleRules: [],
      acls,
      changes: new Map(),
    };
    if (policy !== undefined) this.setBucketPolicy(bucket, policy);
    this.buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw new Error(`there is no bucket ${name}`);
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

  /** Gives a bucket a policy. @throws PolicyError */
  setBucketPolicy(bucket: Bucket, document: PolicyDocument): void {
    const policy = parsePolicy('bucket', `bucket policy of ${bucket.name}`, document);
    checkBucketPolicy(policy.document, bucket.arn);
    this.requirePrincipals(policy);
    bucket.policy = policy;
  }

  /** Gives a key another policy. @throws PolicyError */
  setKeyPolicy(key: KmsKey, document: PolicyDocument): void {
    const policy = parsePolicy('key', `key policy of ${key.arn}`, document);
    this.requirePrincipals(policy);
    key.policy = policy;
  }

  /** Adds a user, or a session that stands for itself, with one policy. @throws PolicyError */
  addIdentity(identity: NewIdentity): SimpleIdentity {
    return this.addSession(simpleIdentity(identity));
  }

  /**
   * A session of a role, as a service or a principal assumes it.
   *
   * @throws AccessDenied, ValidationError, MalformedPolicyDocument as STS does
   */
  assumeRole(caller: Caller, input: AssumeRoleInput, facts: Facts = {}): Identity {
    return this.addSession(assumeRole(this, caller, input, { facts }));
  }

  /** Makes the credentials of a user or a session valid. */
  addSession<Kind extends Identity>(session: Kind): Kind {
    this.#identities.set(session.credentials.accessKeyId, session);
    return session;
  }

  /** Decides one access as IAM does, for services that the embedded AWS does not have; nothing is done. */
  decide(caller: Caller, action: string, resource: string, facts: Facts = {}): Access {
    return decideAccess(this, caller, action, resource, facts).access;
  }

  removeIdentity(accessKeyId: string): void {
    this.#identities.delete(accessKeyId);
  }

  identity(accessKeyId: string): Identity | undefined {
    return this.#identities.get(accessKeyId);
  }

  /** A user or role as policies see it, with what it may do now; undefined if it is not there. */
  principal(arn: string): Caller | undefined {
    const role = this.roles.get(arn);
    if (role !== undefined) return newSession(role, 'simulation', { expiresAt: undefined }).caller;
    return [...this.#identities.values()]
      .map(({ caller }) => caller)
      .find((caller) => (caller.type === 'AssumedRole' ? caller.roleArn : caller.arn) === arn);
  }

  /** IAM, S3 and KMS take a policy only if the users, roles and sessions that it names are there. */
  requirePrincipals(policy: Policy): void {
    for (const principal of policy.statements.flatMap(({ principals }) => principals ?? [])) {
      if (principal.type === 'User' || principal.type === 'Role' || principal.type === 'Session') {
        if (!this.#isThere(principal.type, principal.arn)) {
          throw new PolicyError(`Invalid principal in policy: "AWS":"${principal.arn}"`);
        }
      }
    }
  }

  #isThere(type: 'User' | 'Role' | 'Session', arn: string): boolean {
    const callers = [...this.#identities.values()].map(({ caller }) => caller);
    switch (type) {
      case 'User':
        return callers.some((caller) => caller.arn === arn);
      case 'Role':
        return (
          this.roles.get(arn) !== undefined ||
          callers.some((caller) => caller.type === 'AssumedRole' && caller.roleArn === arn)
        );
      case 'Session': {
        const [, accountId = '', roleName = ''] =
          /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
        return (
          this.roles.named(accountId, roleName) !== undefined || callers.some((caller) => caller.arn === arn)
        );
      }
    }
  }
}
