// A principal at work: real requests to S3, and decisions for the calls to services that the embedded AWS does not have.
import { S3Client } from '@aws-sdk/client-s3';
import { AwsError } from '../../aws/aws-error.ts';
import { globalFacts } from '../../aws/http/global-facts.ts';
import { denialMessage, kmsDenialMessage } from '../../aws/iam/denial.ts';
import type { Facts } from '../../aws/iam/policy.ts';
import type { Caller } from '../../aws/iam/principal.ts';
import { type Access, Authorizer, decideAccess } from '../../aws/state/access.ts';
import { assumeRole } from '../../aws/state/assume-role.ts';
import type { Identity } from '../../aws/state/identities.ts';
import type { Cloud } from './cloud.ts';

/** A principal with what it can do in the cloud. Everything that is decided is recorded. */
export class Session {
  readonly caller: Caller;
  readonly #cloud: Cloud;
  readonly #identity: Identity | undefined;
  readonly #clients = new Map<string, S3Client>();

  /** Without an identity it signs no requests, as a service. */
  constructor(cloud: Cloud, caller: Caller, identity?: Identity) {
    this.#cloud = cloud;
    this.caller = caller;
    this.#identity = identity;
  }

  /** Credentials for what runs outside this process. @throws an Error for a service */
  get credentials(): Identity['credentials'] {
    if (this.#identity === undefined) throw new Error(`${this.caller.arn} has no credentials`);
    return this.#identity.credentials;
  }

  /** The account that it is in; undefined for a service. */
  get accountId(): string | undefined {
    return 'accountId' in this.caller ? this.caller.accountId : undefined;
  }

  /** Decides one call. `region` is where it goes. */
  decide(action: string, resource: string, region: string, facts: Facts = {}): Access {
    return this.#decide(action, resource, region, facts).access;
  }

  /** Makes a call as far as its permission goes. @throws AccessDenied with the sentence that AWS answers */
  call(action: string, resource: string, region: string, facts: Facts = {}): void {
    const { request, decision } = this.#decide(action, resource, region, facts);
    if (decision.effect === 'Allow') return;
    const message = action.startsWith('kms:')
      ? kmsDenialMessage(request, decision)
      : denialMessage(request, decision);
    throw new AwsError(403, 'AccessDenied', message);
  }

  /** Describes or uses a key directly, not through S3. @throws AccessDenied, NotFoundException */
  useKey(action: string, keyArn: string, facts: Facts = {}): void {
    const key = this.#cloud.aws.world.keys.get(keyArn);
    this.call(action, keyArn, keyArn.split(':')[3] ?? '', {
      'kms:CallerAccount': this.accountId,
      'kms:ResourceAliases': [...(key?.aliases ?? [])],
      ...facts,
    });
    if (key === undefined) throw new AwsError(400, 'NotFoundException', `Key '${keyArn}' does not exist`);
  }

  /** A session of a role. @throws AccessDenied as STS does */
  assume(roleArn: string, sessionName: string, region: string, facts: Facts = {}): Session {
    const { world } = this.#cloud.aws;
    const authorizer = new Authorizer(world, this, factsIn(region));
    try {
      const identity = assumeRole(world, this.caller, { roleArn, sessionName }, { authorizer, facts });
      world.addSession(identity);
      return new Session(this.#cloud, identity.caller, identity);
    } finally {
      this.#cloud.steps.record(...authorizer.accesses);
    }
  }

  /** A client whose requests are signed with the session's credentials. */
  s3(region: string): S3Client {
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    const client = new S3Client({
      region,
      endpoint: this.#cloud.aws.endpoint,
      forcePathStyle: true,
      credentials: this.credentials,
      maxAttempts: 1,
      requestHandler: this.#cloud.requestHandler,
    });
    this.#clients.set(region, client);
    return client;
  }

  #decide(action: string, resource: string, region: string, facts: Facts) {
    const all = { ...factsIn(region), ...facts };
    const decided = decideAccess(this.#cloud.aws.world, this.caller, action, resource, all);
    this.#cloud.steps.record(decided.access);
    return decided;
  }
}

/** The global condition facts of a request to a region. */
function factsIn(region: string): Facts {
  return globalFacts(region, '1.3');
}
