// The KMS keys of all accounts and regions: their states, their aliases, and how a key id is resolved.
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Policy } from '../iam/policy.ts';

/** States of a key (KMS API, KeyState) that matter here. */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

/** A customer managed key. */
export interface KmsKey {
  readonly arn: string;
  readonly keyId: string;
  readonly accountId: string;
  readonly region: string;
  /** `AWS` for `aws/s3`, which no other account can use. */
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly description: string;
  readonly createdAt: Date;
  /** With the `alias/` prefix. */
  readonly aliases: Set<string>;
  state: KeyState;
  /** Without an allow of this policy, nobody uses the key. */
  policy: Policy;
}

/** What a key is made of. */
export interface NewKey {
  readonly accountId: string;
  readonly region: string;
  readonly keyId?: string;
  readonly alias?: string;
  readonly state?: KeyState;
  readonly manager?: 'CUSTOMER' | 'AWS';
  readonly description?: string;
  /** Lets the account's own policies decide if absent, as KMS does. */
  readonly policy?: string | object;
}

const MANAGED_ALIAS = 'alias/aws/s3';

/** KMS guide, default key policy: the account decides. */
function defaultPolicy(accountId: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  };
}

/** The policy that nobody can change of an AWS managed key: whoever is in the account may use it, through S3. */
function managedPolicy(accountId: string, region: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        Resource: '*',
        Condition: {
          StringEquals: {
            'kms:CallerAccount': accountId,
            'kms:ViaService': `s3.${region}.amazonaws.com`,
          },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  };
}

/** The ARN that an id means: an ARN already, or a bare id or alias of this account and region. */
export function keyArnOf(id: string, accountId: string, region: string): string {
  if (id.startsWith('arn:')) return id;
  return `arn:aws:kms:${region}:${accountId}:${id.startsWith('alias/') ? '' : 'key/'}${id}`;
}

/** All keys of the embedded AWS, by ARN. */
export class KmsKeys {
  readonly #byArn = new Map<string, KmsKey>();

  /** @throws PolicyError */
  create({ accountId, region, keyId = randomUUID(), alias, state, manager, ...more }: NewKey): KmsKey {
    const arn = `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
    const policy =
      more.policy ?? (manager === 'AWS' ? managedPolicy(accountId, region) : defaultPolicy(accountId));
    const key: KmsKey = {
      arn,
      keyId,
      accountId,
      region,
      manager: manager ?? 'CUSTOMER',
      description: more.description ?? '',
      createdAt: new Date(),
      aliases: new Set(),
      state: state ?? 'Enabled',
      policy: parsePolicy('key', `key policy of ${arn}`, policy),
    };
    if (this.#byArn.has(key.arn)) throw new Error(`there is a key ${key.arn} already`);
    this.#byArn.set(key.arn, key);
    if (alias !== undefined) this.addAlias(key, alias);
    return key;
  }

  /** @throws AlreadyExistsException as KMS does: an alias is unique in its account and region. */
  addAlias(key: KmsKey, alias: string): void {
    const name = alias.startsWith('alias/') ? alias : `alias/${alias}`;
    if (this.#withAlias(key.accountId, key.region, name) !== undefined) {
      const arn = `arn:aws:kms:${key.region}:${key.accountId}:${name}`;
      throw new AwsError(400, 'AlreadyExistsException', `An alias with the name ${arn} already exists`);
    }
    key.aliases.add(name);
  }

  /** The keys of an account in a region, in the order of their creation. */
  list(accountId: string, region: string): KmsKey[] {
    return [...this.#byArn.values()].filter((key) => key.accountId === accountId && key.region === region);
  }

  /** As if the key had never been. */
  delete(arn: string): void {
    this.#byArn.delete(arn);
  }

  get(arn: string): KmsKey | undefined {
    return this.#byArn.get(arn);
  }

  /** Finds a key by ARN, alias ARN, or by bare id or alias, which mean the given account and region. */
  find(id: string, accountId: string, region: string): KmsKey | undefined {
    const arn = keyArnOf(id, accountId, region);
    const [, aliasRegion = '', aliasAccount = '', alias] =
      /^arn:aws:kms:([^:]+):(\d+):(alias\/.+)$/.exec(arn) ?? [];
    return alias === undefined ? this.#byArn.get(arn) : this.#withAlias(aliasAccount, aliasRegion, alias);
  }

  /** The AWS managed key for S3 of an account in a region, made when first needed. */
  managed(accountId: string, region: string): KmsKey {
    return (
      this.#withAlias(accountId, region, MANAGED_ALIAS) ??
      this.create({
        accountId,
        region,
        alias: MANAGED_ALIAS,
        manager: 'AWS',
        description: 'Default key for S3',
      })
    );
  }

  #withAlias(accountId: string, region: string, alias: string): KmsKey | undefined {
    return this.list(accountId, region).find((key) => key.aliases.has(alias));
  }
}
