// Policies on what there is: of buckets, of keys, of roles, across accounts, and on what a request is like.
import { describe, expect, test } from 'vitest';
import { fromBuffer } from '../../../../local/aws/content/content.ts';
import type { Bucket } from '../../../../local/aws/state/buckets.ts';
import { codeOf, failureOf } from '../../../contract/server/errors.ts';
import { freshName, type RunningAws, useAws } from '../running-aws.ts';

const ACCOUNT = '111122223333';
const OTHER = '444455556666';
const ALLOW_ALL = { Effect: 'Allow', Action: '*', Resource: '*' } as const;

function bucketOf(aws: RunningAws, ownerAccountId = ACCOUNT): Bucket {
  return aws.world.createBucket({ name: freshName(), region: 'us-east-1', ownerAccountId });
}

/** A bucket under a key of its own account. */
function keyedBucketOf(aws: RunningAws, ownerAccountId = ACCOUNT) {
  const alias = `alias/${freshName()}`;
  const key = aws.world.createKey({ region: 'us-east-1', accountId: ownerAccountId, alias });
  const bucket = aws.world.createBucket({
    name: freshName(),
    region: 'us-east-1',
    ownerAccountId,
    encryption: { algorithm: 'aws:kms', keyId: key.arn, bucketKey: true },
  });
  return { bucket, key, alias };
}

/** A statement of a bucket's or a key's policy, about everybody. */
const statement = (
  Effect: 'Allow' | 'Deny',
  Action: string,
  Resource: string,
  more: object = {},
): object => ({
  ...{ Effect, Principal: '*', Action, Resource },
  ...more,
});

const policyOf = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

describe('the policy of a bucket', () => {
  const aws = useAws();

  test('is there after it was put, and gone after it was deleted', async () => {
    const { name: Bucket, arn } = bucketOf(aws());
    const s3 = aws().s3();
    const Policy = policyOf(statement('Deny', 's3:GetObject', `${arn}/x`));
    expect(await codeOf(s3.getBucketPolicy({ Bucket }))).toBe('NoSuchBucketPolicy');
    await s3.putBucketPolicy({ Bucket, Policy });
    expect((await s3.getBucketPolicy({ Bucket })).Policy).toBe(Policy);
    await s3.deleteBucketPolicy({ Bucket });
    expect(await codeOf(s3.getBucketPolicy({ Bucket }))).toBe('NoSuchBucketPolicy');
  });

  test.for([
    ['no JSON', () => '{', /valid JSON/],
    [
      'a role that is not there',
      (arn: string) =>
        policyOf(
          statement('Allow', 's3:GetObject', `${arn}/*`, {
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/nobody` },
          }),
        ),
      /Invalid principal in policy.*role\/nobody/,
    ],
    [
      'a condition key that nobody evaluates',
      (arn: string) =>
        policyOf(
          statement('Allow', 's3:GetObject', `${arn}/*`, {
            Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } },
          }),
        ),
      /aws:SourceVpce/,
    ],
    [
      'too much',
      (arn: string) => policyOf(statement('Deny', 's3:GetObject', arn, { Sid: 'x'.repeat(21_000) })),
      /more than 20480/,
    ],
  ] as const)('that has %s is refused, and the one before stays', async ([, document, expected]) => {
    const { name: Bucket, arn } = bucketOf(aws());
    const failure = await failureOf(
      aws()
        .s3()
        .putBucketPolicy({ Bucket, Policy: document(arn) }),
    );
    expect(failure?.name).toBe('MalformedPolicy');
    expect(failure?.message).toMatch(expected);
    expect(aws().world.bucket(Bucket).policy).toBeUndefined();
  });

  test('denies the administrator too, with the message of IAM', async () => {
    const bucket = bucketOf(aws());
    aws().world.setBucketPolicy(bucket, {
      Statement: statement('Deny', 's3:PutObject', `${bucket.arn}/*`),
    });
    const put = { Bucket: bucket.name, Key: 'k', Body: 'x' };
    expect((await failureOf(aws().s3().putObject(put)))?.message).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/admin is not authorized to perform: s3:PutObject on resource: "${bucket.arn}/k" with an explicit deny in a resource-based policy`,
    );
  });

  test('and an identity policy must both allow what another account asks', async () => {
    const bucket = bucketOf(aws(), OTHER);
    aws().world.putObject(bucket, 'k', fromBuffer('x'));
    const get = { Bucket: bucket.name, Key: 'k' };
    expect((await failureOf(aws().s3().getObject(get)))?.message).toBe('Access Denied');
    aws().world.setBucketPolicy(bucket, {
      Statement: statement('Allow', 's3:GetObject', `${bucket.arn}/*`, { Principal: { AWS: ACCOUNT } }),
    });
    expect(await codeOf(aws().s3().getObject(get))).toBe('none');
    const { credentials } = aws().someone();
    expect(await codeOf(aws().s3({ credentials }).getObject(get))).toBe('AccessDenied');
  });

  test('gives its reasons to accounts of the same organisation', async () => {
    const bucket = bucketOf(aws(), '777788889999');
    aws().world.organizationAccountIds.add(ACCOUNT).add('777788889999');
    const get = { Bucket: bucket.name, Key: 'k' };
    expect((await failureOf(aws().s3().getObject(get)))?.message).toContain(
      'because no resource-based policy allows the s3:GetObject action',
    );
  });

  test('can want conditional writes of what creates objects, and not of parts', async () => {
    const bucket = bucketOf(aws());
    aws().world.setBucketPolicy(bucket, {
      Statement: statement('Deny', 's3:PutObject', `${bucket.arn}/*`, {
        Condition: {
          Null: { 's3:if-none-match': 'true' },
          Bool: { 's3:ObjectCreationOperation': 'true' },
        },
      }),
    });
    const s3 = aws().s3();
    const where = { Bucket: bucket.name, Key: 'k' };
    const IfNoneMatch = '*';
    const put = { ...where, Body: 'x' };
    expect(await codeOf(s3.putObject(put))).toBe('AccessDenied');
    const { UploadId } = await s3.createMultipartUpload(where);
    const part = await s3.uploadPart({ ...where, UploadId, PartNumber: 1, Body: 'x' });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    const complete = { ...where, UploadId, MultipartUpload };
    expect(await codeOf(s3.completeMultipartUpload(complete))).toBe('AccessDenied');
    expect(await codeOf(s3.completeMultipartUpload({ ...complete, IfNoneMatch }))).toBe('none');
  });

  test('can want one key of writes that name an encryption', async () => {
    const { bucket, key } = keyedBucketOf(aws());
    const named = { Null: { 's3:x-amz-server-side-encryption': 'false' } };
    aws().world.setBucketPolicy(bucket, {
      Statement: statement('Deny', 's3:PutObject', `${bucket.arn}/*`, {
        Condition: {
          ...named,
          StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': key.arn },
        },
      }),
    });
    const put = async (more: object) =>
      codeOf(
        aws()
          .s3()
          .putObject({ Bucket: bucket.name, Key: 'k', Body: 'x', ...more }),
      );
    expect(await put({})).toBe('none');
    expect(await put({ ServerSideEncryption: 'AES256' })).toBe('AccessDenied');
    expect(await put({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.arn })).toBe('none');
    expect(await put({ ServerSideEncryption: 'aws:kms' })).toBe('AccessDenied');
  });
});

describe.each([
  { tlsVersion: '1.3', allowed: 'none' },
  { tlsVersion: '1.1', allowed: 'AccessDenied' },
  { tlsVersion: 'none', allowed: 'AccessDenied' },
] as const)('a bucket that wants TLS 1.2, asked with TLS $tlsVersion', ({ tlsVersion, allowed }) => {
  const aws = useAws({ tlsVersion });
  test(`answers ${allowed}`, async () => {
    const bucket = bucketOf(aws());
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [bucket.arn, `${bucket.arn}/*`],
    };
    aws().world.setBucketPolicy(bucket, {
      Statement: [
        { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        { ...deny, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
      ],
    });
    const put = { Bucket: bucket.name, Key: 'k', Body: 'x' };
    expect(await codeOf(aws().s3().putObject(put))).toBe(allowed);
  });
});

describe('the policy of a key', () => {
  const aws = useAws();

  const put = async ({ name }: Bucket, credentials = aws().admin) =>
    failureOf(aws().s3({ credentials }).putObject({ Bucket: name, Key: 'k', Body: 'x' }));

  test('that names nobody lets nobody use it', async () => {
    const { bucket, key } = keyedBucketOf(aws());
    aws().world.setKeyPolicy(key, {
      Statement: statement('Deny', 'kms:*', '*', { Principal: { AWS: OTHER } }),
    });
    expect((await put(bucket))?.message).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/admin is not authorized to perform: kms:GenerateDataKey on resource: ${key.arn} because no resource-based policy allows the kms:GenerateDataKey action`,
    );
  });

  test.for([
    ['kms:ViaService', 's3.us-east-1.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['kms:CallerAccount', ACCOUNT, OTHER],
    ['aws:ViaAWSService', 'true', 'false'],
  ] as const)('sees %s of what S3 asks for its caller', async ([name, right, wrong]) => {
    const { bucket, key } = keyedBucketOf(aws());
    const only = (value: string) => ({
      Statement: statement('Allow', 'kms:*', '*', {
        Principal: { AWS: ACCOUNT },
        Condition: { StringEquals: { [name]: value } },
      }),
    });
    aws().world.setKeyPolicy(key, only(wrong));
    expect((await put(bucket))?.name).toBe('AccessDenied');
    aws().world.setKeyPolicy(key, only(right));
    expect(await put(bucket)).toBeUndefined();
  });

  test('and identity policies see the aliases of the key, and what is encrypted with it', async () => {
    const { bucket, alias } = keyedBucketOf(aws());
    const write = { Effect: 'Allow', Action: 's3:PutObject', Resource: '*' } as const;
    const use = (condition: Record<string, Record<string, string>>) =>
      aws().someone(write, {
        Effect: 'Allow',
        Action: 'kms:GenerateDataKey',
        Resource: '*',
        Condition: condition,
      }).credentials;
    const aliases = (value: string) => ({ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': value } });
    const context = (value: string) => ({ StringEquals: { 'kms:EncryptionContext:aws:s3:arn': value } });
    expect(await put(bucket, use(aliases(alias)))).toBeUndefined();
    expect((await put(bucket, use(aliases('alias/other'))))?.name).toBe('AccessDenied');
    expect(await put(bucket, use(context(bucket.arn)))).toBeUndefined();
    expect((await put(bucket, use(context(`${bucket.arn}/k`))))?.name).toBe('AccessDenied');
  });

  test('of another account in the organisation is not shown to one who decrypts', async () => {
    const { bucket } = keyedBucketOf(aws(), OTHER);
    aws().world.organizationAccountIds.add(ACCOUNT).add(OTHER);
    aws().world.putObject(bucket, 'k', fromBuffer('x'));
    aws().world.setBucketPolicy(bucket, {
      Statement: statement('Allow', 's3:*Object', `${bucket.arn}/*`, { Principal: { AWS: ACCOUNT } }),
    });
    const get = { Bucket: bucket.name, Key: 'k' };
    expect((await failureOf(aws().s3().getObject(get)))?.message).toMatch(
      /^The ciphertext refers to a customer/,
    );
    expect((await put(bucket))?.message).toContain('because the resource does not exist in this Region');
  });
});

describe('artifactCredentials', () => {
  const aws = useAws();

  function jobOf(bucket: Bucket, roleArn: string) {
    const artifact = (objectKey: string) => ({
      name: objectKey,
      location: { type: 'S3' as const, s3Location: { bucketName: bucket.name, objectKey } },
    });
    aws().world.putObject(bucket, 'input', fromBuffer('x'));
    aws().world.putObject(bucket, 'other', fromBuffer('x'));
    const data = {
      actionConfiguration: { configuration: {} },
      inputArtifacts: [artifact('input')],
      outputArtifacts: [artifact('output')],
    };
    return aws().world.codePipeline.createJob({ accountId: ACCOUNT, roleArn, data });
  }

  function pipelineRole(...statements: object[]) {
    return aws().world.roles.create({
      accountId: ACCOUNT,
      name: freshName(),
      trustPolicy: {
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'codepipeline.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      },
      policies: { pipeline: { Statement: statements } },
    });
  }

  test('of a pipeline with a role do what its role may, with the artifacts of the action', async () => {
    const { bucket } = keyedBucketOf(aws());
    const role = pipelineRole({ ...ALLOW_ALL, Action: ['s3:GetObject', 's3:PutObject', 'kms:*'] });
    const job = jobOf(bucket, role.arn);
    const s3 = aws().s3({ credentials: job.data.artifactCredentials });
    const Bucket = bucket.name;
    const asked = [
      await codeOf(s3.getObject({ Bucket, Key: 'input' })),
      await codeOf(s3.putObject({ Bucket, Key: 'output', Body: 'x' })),
      await codeOf(s3.getObject({ Bucket, Key: 'other' })),
    ];
    expect(asked).toEqual(['none', 'none', 'AccessDenied']);
    expect(aws().world.identity(job.data.artifactCredentials.accessKeyId)?.principalArn).toMatch(
      `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/`,
    );
  });

  test('of a pipeline whose role lacks a permission lack it too', async () => {
    const { bucket } = keyedBucketOf(aws());
    const role = pipelineRole({ ...ALLOW_ALL, Action: 's3:GetObject' });
    const { artifactCredentials } = jobOf(bucket, role.arn).data;
    const get = { Bucket: bucket.name, Key: 'input' };
    const failure = await failureOf(aws().s3({ credentials: artifactCredentials }).getObject(get));
    expect(failure?.message).toContain('because no identity-based policy allows the kms:Decrypt action');
  });
});

describe('the log', () => {
  const aws = useAws();
  test('names for each access the principal, the action, the resource and the statement', async () => {
    const { bucket, key } = keyedBucketOf(aws());
    const someone = aws().someone({ ...ALLOW_ALL, Sid: 'Everything' });
    const s3 = aws().s3({ credentials: someone.credentials });
    await s3.putObject({ Bucket: bucket.name, Key: 'k', Body: 'x' });
    const request = aws().world.requests.at(-1);
    const identity = {
      kind: 'identity',
      policy: `policy of ${someone.principalArn}`,
      statement: 'Everything',
    };
    expect(request?.accesses).toEqual([
      {
        principalArn: someone.principalArn,
        action: 's3:PutObject',
        resource: `${bucket.arn}/k`,
        effect: 'Allow',
        by: [identity],
      },
      {
        principalArn: someone.principalArn,
        action: 'kms:GenerateDataKey',
        resource: key.arn,
        effect: 'Allow',
        by: [
          identity,
          { kind: 'key', policy: `key policy of ${key.arn}`, statement: 'Enable IAM User Permissions' },
        ],
      },
    ]);
  });
});
