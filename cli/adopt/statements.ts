// The policy statements that a Sync stage needs: who must be allowed what, from the function's table of permissions.
import type { GrantTarget } from '../../functions/sync-artifacts/aws/operations.ts';
import { copyGrants } from '../../infra/permissions/copy-grants.ts';
import { actionsOn } from '../../infra/permissions/function-permissions.ts';
import { allow } from '../../infra/permissions/statement.ts';
import type { Destination } from './destinations.ts';
import { isMap, STACK_REGION, Substitution, sameValue, show, type Value } from './intrinsics.ts';
import type { Pipeline } from './pipeline.ts';
import type { SyncStage } from './sync-stage.ts';

/** Statements for one place. */
export interface PolicyAdvice {
  /** Where they belong, and when they are needed. */
  readonly where: string;
  readonly statements: readonly Value[];
}

/** Who invokes and who copies. */
export interface Principals {
  readonly functionName: string;
  /** ARN of the function, when the user gave one. */
  readonly functionArn?: string;
  /** ARN of the function's role, when the user gave one. */
  readonly functionRole?: string;
}

/** A bucket and its key, in the text of `Fn::Sub`. */
interface BucketText {
  readonly bucket: string;
  readonly region: string | undefined;
  readonly key: string;
}

/** What pipeline role, function role, keys and buckets need for this stage. */
export function policyAdvice(pipeline: Pipeline, sync: SyncStage, principals: Principals): PolicyAdvice[] {
  const substitution = new Substitution(pipeline.names);
  const roleArn = typeof pipeline.roleArn === 'string' ? pipeline.roleArn.split(':') : [];
  const inTemplate = pipeline.kind === 'template';
  const partition = inTemplate ? substitution.text({ Ref: 'AWS::Partition' }) : (roleArn[1] ?? 'aws');
  const account = inTemplate
    ? substitution.text({ Ref: 'AWS::AccountId' })
    : (pipeline.arn?.split(':')[4] ?? roleArn[4] ?? '*');
  const home = sync.home === undefined ? '*' : substitution.text(sync.home);

  const bucketText = (bucket: Value, region: Value, keyId: Value, owner: string): BucketText => {
    const regionText = region === undefined ? undefined : substitution.text(region);
    // An alias in Resource never means its key, and a bare id needs the rest of its ARN.
    const id =
      keyId === undefined || JSON.stringify(keyId).includes('alias/')
        ? `<key of ${show(bucket)}>`
        : substitution.text(keyId);
    const isArn = id.startsWith('arn:') || id.startsWith('${');
    return {
      bucket: substitution.text(bucket),
      region: regionText,
      key: isArn ? id : `arn:${partition}:kms:${regionText ?? '*'}:${owner}:key/${id}`,
    };
  };
  const destinations = sync.destinations.map((destination) =>
    bucketText(
      destination.Bucket,
      destination.Region,
      destination.KmsKeyId,
      destination.BucketOwner === undefined ? account : substitution.text(destination.BucketOwner),
    ),
  );
  const sources = pipeline.stores
    .filter(
      ({ region }) => region === undefined || sameValue(region, sync.home) || sameValue(region, STACK_REGION),
    )
    .map(({ bucket, keyId }) => bucketText(bucket, sync.home, keyId, account));

  const functionArn =
    principals.functionArn ??
    `arn:${partition}:lambda:${home}:${account}:function:${principals.functionName}`;
  const functionRole = principals.functionRole ?? `<ARN of the role of ${principals.functionName}>`;
  const setOf = (buckets: readonly BucketText[]): Parameters<typeof copyGrants>[0] => ({
    bucketArns: buckets.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`),
    objectArns: buckets.map(({ bucket }) => `arn:${partition}:s3:::${bucket}/*`),
    keyArns: buckets.map(({ key }) => key),
    viaServices: buckets.map(({ region }) => `s3.${region ?? '*'}.amazonaws.com`),
  });
  /** A statement of a key's or a bucket's own policy. */
  const forRole = (sid: string, target: GrantTarget, resource: string): Value => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: functionRole },
    Action: actionsOn(target),
    Resource: resource,
  });
  const foreign = foreignBuckets(sync.destinations, destinations, account);
  const advice: PolicyAdvice[] = [
    {
      where: `The role of the pipeline, ${show(pipeline.roleArn)}, invokes the function`,
      statements: [allow('InvokeSync', ['lambda:InvokeFunction'], [functionArn])],
    },
    {
      where: `The role of the function ${principals.functionName} reads and writes (our constructs and template write these)`,
      statements: copyGrants(setOf(sources), setOf(destinations)),
    },
    {
      where: `Key of the pipeline's own bucket, if its key policy does not leave access to IAM`,
      statements: [forRole('SyncDecryptsSources', 'source keys', '*')],
    },
    ...(destinations.length === 0
      ? []
      : [
          {
            where:
              'Keys of the destinations, if their key policies do not leave access to IAM or they are in other accounts',
            statements: [forRole('SyncEncryptsDestinations', 'destination keys', '*')],
          },
        ]),
    ...foreign.map(({ bucket }) => ({
      where: `Bucket policy of ${bucket}, which is in another account`,
      statements: [
        forRole('SyncFindsBucket', 'destination buckets', `arn:${partition}:s3:::${bucket}`),
        forRole('SyncWritesCopies', 'destination objects', `arn:${partition}:s3:::${bucket}/*`),
      ],
    })),
  ];
  return advice.map(({ where, statements }) => ({
    where,
    statements: statements.map((statement) => withExpressions(statement, substitution)),
  }));
}

function foreignBuckets(
  destinations: readonly Destination[],
  texts: readonly BucketText[],
  account: string,
): BucketText[] {
  return texts.filter((_, index) => {
    const owner = destinations[index]?.BucketOwner;
    return owner !== undefined && owner !== account;
  });
}

/** The same value with every string that holds references as the `Fn::Sub` that fills them in. */
function withExpressions(value: Value, substitution: Substitution): Value {
  if (typeof value === 'string') return substitution.value(value);
  if (Array.isArray(value)) return value.map((item: Value) => withExpressions(item, substitution));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, withExpressions(entry, substitution)]),
  );
}
