// An artifact store: private, encrypted under its own key, and readable by exactly who deploys.
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../../infra/build-app.ts';
import { artifactReaderRoles, namesOf } from '../../../infra/shape/names.ts';
import { defineTopology, type TopologyInput } from '../../../infra/shape/topology-rules.ts';
import {
  at,
  type Json,
  listAt,
  ofType,
  type Resource,
  statementsIn,
  synthesised,
  theOnly,
} from '../synthesised.ts';
import { LARGE_INPUT, large } from '../topologies.ts';

const app = synthesised(buildApp, large);
const names = namesOf(large);
const primary = app.stack(names.stacks.artifactStore('us-west-2'));
const regional = app.stack(names.stacks.artifactStore('sa-east-1'));

function storeOf(change: Partial<TopologyInput>): typeof primary {
  const topology = defineTopology({ ...LARGE_INPUT, ...change });
  return synthesised(buildApp, topology).stack(names.stacks.artifactStore('us-west-2'));
}

/** The numbers of days that the lifecycle rules of a bucket say of something. */
function daysIn(properties: Resource['Properties'], path: string): Json[] {
  const rules = listAt(properties, 'LifecycleConfiguration.Rules');
  return rules.map((rule) => at(rule, path) ?? null).filter((days) => days !== null);
}

function bucket(stack: typeof primary, name: string): Resource {
  const found = ofType(stack, 'AWS::S3::Bucket').find(({ Properties }) => Properties.BucketName === name);
  if (!found) throw new Error(`no bucket ${name}`);
  return found;
}

function statement(stack: typeof primary, sid: string): Json {
  const found = statementsIn(stack).find((candidate) => at(candidate.statement, 'Sid') === sid);
  if (!found) throw new Error(`no statement ${sid} in ${stack.name}`);
  return found.statement;
}

describe('the artifact bucket', () => {
  const { Properties, id } = bucket(regional, names.artifactBucket('sa-east-1'));

  it('encrypts under the key of its region, with a bucket key', () => {
    const [rule] = [at(Properties, 'BucketEncryption.ServerSideEncryptionConfiguration.0')];
    expect(at(rule, 'BucketKeyEnabled')).toBe(true);
    expect(at(rule, 'ServerSideEncryptionByDefault')).toEqual({
      SSEAlgorithm: 'aws:kms',
      KMSMasterKeyID: { 'Fn::GetAtt': [theOnly(regional, 'AWS::KMS::Key').id, 'Arn'] },
    });
  });

  it('is private and owned by its owner', () => {
    expect(Object.values(at(Properties, 'PublicAccessBlockConfiguration') ?? {})).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(at(Properties, 'OwnershipControls.Rules.0.ObjectOwnership')).toBe('BucketOwnerEnforced');
  });

  it('keeps what stacks were deployed from: it moves to cheaper storage and expires only if the topology says so', () => {
    expect(daysIn(Properties, 'ExpirationInDays')).toEqual([]);
    expect(daysIn(Properties, 'Transitions.0.TransitionInDays')).toEqual([30]);
    expect(daysIn(Properties, 'NoncurrentVersionExpiration.NoncurrentDays')).toEqual([30]);
    expect(daysIn(Properties, 'AbortIncompleteMultipartUpload.DaysAfterInitiation')).toEqual([1]);
    const kept = bucket(primary, names.buildBucket).Properties;
    expect(daysIn(kept, 'ExpirationInDays')).toEqual([]);
    expect(daysIn(kept, 'NoncurrentVersionExpiration.NoncurrentDays')).toEqual([365]);
    const limited = storeOf({ retention: { artifactDays: 400, releaseVersionDays: 90 } });
    expect(daysIn(bucket(limited, names.artifactBucket('us-west-2')).Properties, 'ExpirationInDays')).toEqual(
      [400],
    );
    expect(
      daysIn(bucket(limited, names.buildBucket).Properties, 'NoncurrentVersionExpiration.NoncurrentDays'),
    ).toEqual([90]);
  });

  it("is in the account's own namespace if the topology says so, with every other bucket", () => {
    const namespaced = ofType(storeOf({ bucketNamespace: 'account-regional' }), 'AWS::S3::Bucket');
    expect(namespaced).toHaveLength(3);
    for (const { Properties } of namespaced) {
      expect(Properties.BucketName).toMatch(/-444455556666-us-west-2-an$/);
      expect(Properties.BucketNamespace).toBe('account-regional');
    }
    expect(Properties.BucketNamespace).toBeUndefined();
  });

  it('refuses writes that name another encryption or another key, and takes those that name none', () => {
    expect(statement(regional, 'DenyWritesUnderOtherKeys')).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
    });
    expect(at(statement(regional, 'DenyWritesUnderOtherKeys'), 'Condition')).toEqual({
      Null: { 's3:x-amz-server-side-encryption': 'false' },
      StringNotEquals: {
        's3:x-amz-server-side-encryption-aws-kms-key-id': [
          { 'Fn::GetAtt': [theOnly(regional, 'AWS::KMS::Key').id, 'Arn'] },
          { Ref: theOnly(regional, 'AWS::KMS::Key').id },
          names.artifactKeyAlias,
          `arn:aws:kms:sa-east-1:${large.tools.account}:${names.artifactKeyAlias}`,
        ],
      },
    });
  });

  it('refuses everything without TLS', () => {
    const policy = ofType(regional, 'AWS::S3::BucketPolicy').find(
      (candidate) => at(candidate.Properties, 'Bucket.Ref') === id,
    );
    const anybody = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*' };
    expect(at(policy?.Properties, 'PolicyDocument.Statement')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...anybody, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        expect.objectContaining({ ...anybody, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
      ]),
    );
  });

  it('is read by the roles of the deploy accounts, by name, since they may not exist yet', () => {
    const read = statement(regional, 'ReadArtifactsInDeployAccounts');
    // Staging has no environment in this region.
    expect(at(read, 'Principal.AWS')).toEqual('arn:aws:iam::666677778888:root');
    const both = statement(
      app.stack(names.stacks.artifactStore('us-east-2')),
      'ReadArtifactsInDeployAccounts',
    );
    expect(at(both, 'Principal.AWS')).toEqual([
      'arn:aws:iam::555566667777:root',
      'arn:aws:iam::666677778888:root',
    ]);
    expect(at(read, 'Condition.ArnEquals')).toEqual({
      'aws:PrincipalArn': artifactReaderRoles(large, 'sa-east-1'),
    });
    expect(at(read, 'Action')).toEqual(['s3:GetObject', 's3:GetObjectVersion']);
  });
});

describe('the key', () => {
  it('rotates', () => {
    expect(theOnly(regional, 'AWS::KMS::Key').Properties.EnableKeyRotation).toBe(true);
  });

  it('works through the S3 of its region only; that of the primary region through those of all destinations', () => {
    const services = (stack: typeof primary): Json | undefined =>
      at(statement(stack, 'UseThroughS3InThisAccount'), 'Condition.StringEquals.kms:ViaService');
    expect(services(regional)).toEqual(['s3.sa-east-1.amazonaws.com']);
    expect(services(primary)).toEqual(large.regions.map(({ region }) => `s3.${region}.amazonaws.com`));
  });

  it('is used by its own account, and by the roles of the deploy accounts by name, through S3 alone', () => {
    expect(at(statement(regional, 'UseThroughS3InThisAccount'), 'Condition')).toEqual({
      StringEquals: {
        'kms:CallerAccount': large.tools.account,
        'kms:ViaService': ['s3.sa-east-1.amazonaws.com'],
      },
    });
    expect(at(statement(regional, 'DecryptThroughS3InDeployAccounts'), 'Condition')).toEqual({
      ArnEquals: { 'aws:PrincipalArn': artifactReaderRoles(large, 'sa-east-1') },
      StringEquals: { 'kms:ViaService': 's3.sa-east-1.amazonaws.com' },
    });
  });

  it('lets its administrators administer, and not use it', () => {
    const actions = at(statement(regional, 'AdministerInThisAccount'), 'Action') as readonly string[];
    expect(actions.filter((action) => /Decrypt|Encrypt|GenerateDataKey|CreateGrant|\*/.test(action))).toEqual(
      [],
    );
    expect(actions).toEqual(expect.arrayContaining(['kms:PutKeyPolicy', 'kms:RotateKeyOnDemand']));
  });
});

describe('buckets and keys', () => {
  it('outlive their stacks, but not a first create that failed, so that the next one finds the names free', () => {
    const kept = app.stacks.flatMap((stack) =>
      ['AWS::S3::Bucket', 'AWS::KMS::Key'].flatMap((type) =>
        ofType(stack, type).map(({ id }) => at(stack.template, `Resources.${id}`)),
      ),
    );
    expect(kept).toHaveLength(2 * large.regions.length + 1 + large.regions.length + 1);
    for (const resource of kept) {
      expect(at(resource, 'DeletionPolicy')).toBe('RetainExceptOnCreate');
      expect(at(resource, 'UpdateReplacePolicy')).toBe('Retain');
    }
  });
});

describe('the build bucket', () => {
  it('is in the primary region only, versioned, and tells EventBridge', () => {
    const { Properties } = bucket(primary, names.buildBucket);
    expect(at(Properties, 'VersioningConfiguration.Status')).toBe('Enabled');
    expect(at(Properties, 'NotificationConfiguration')).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
    expect(() => bucket(regional, names.buildBucket)).toThrow();
  });
});
