// An alias can be pointed at another key at any time: what is there is believed only under the key that it means now.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import type { KmsKey } from '../../../local/aws/state/kms-keys.ts';
import type { World } from '../../../local/aws/state/world.ts';
import { continueAfterParts, GIB, SLOW } from '../copy/resume/continued-job.ts';
import { partsWrittenTwice, runOnce } from '../copy/resume/resume-stage.ts';
import { placeOf, shareAws } from '../harness/stages.ts';
import { copiesOf, expectFailure, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'alias-eu';
const REGION = 'eu-west-1';
const KEY = 'pipeline/App/abc.zip';
const ALIAS = 'alias/artifacts';

function pointElsewhere(world: World, from: KmsKey, alias: string, to: KmsKey): void {
  from.aliases.delete(alias);
  world.keys.addAlias(to, alias);
}

interface Aliased {
  readonly pipeline: TestPipeline;
  readonly key: KmsKey;
  readonly other: KmsKey;
  readonly parameters: object;
}

/** A destination whose key is given as an alias: by the job, or as the bucket's default. */
async function aliasedPipeline(given: 'by the job' | "as the bucket's default"): Promise<Aliased> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App');
  const key = pipeline.aws.createKey({ region: REGION, alias: ALIAS });
  const other = pipeline.aws.createKey({ region: REGION });
  const isDefault = given !== 'by the job';
  pipeline.addDestination(EU, isDefault ? { encryption: { algorithm: 'aws:kms', keyId: ALIAS } } : {});
  for (const { arn } of [key, other]) pipeline.allowKey(arn);
  const parameters = {
    DestinationBuckets: [{ Bucket: EU, Region: REGION, ...(isDefault ? {} : { KmsKeyId: ALIAS }) }],
  };
  return { pipeline, key, other, parameters };
}

describe.each(['by the job', "as the bucket's default"] as const)('a key given %s as an alias', (given) => {
  it('is resolved, so that what is there under it is not copied again', async () => {
    const { pipeline, key, parameters } = await aliasedPipeline(given);
    await using _pipeline = pipeline;
    successOf(await pipeline.invoke(parameters));

    const again = await pipeline.invoke(parameters);

    expect(copiesOf(again)).toMatchObject([{ strategy: 'skip', proof: 'checksum', kmsKeyArn: key.arn }]);
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
  });

  it('that means another key now has the copy made again under that one', async () => {
    const { pipeline, key, other, parameters } = await aliasedPipeline(given);
    await using _pipeline = pipeline;
    successOf(await pipeline.invoke(parameters));
    pointElsewhere(pipeline.aws, key, ALIAS, other);

    const again = await pipeline.invoke(parameters, { warm: true });

    expect(copiesOf(again)).toMatchObject([{ strategy: 'object', kmsKeyArn: other.arn }]);
    expect(pipeline.object(EU, KEY).encryption.keyArn).toBe(other.arn);
  });

  it('that means no key any more fails, although the copy is there', async () => {
    const { pipeline, key, parameters } = await aliasedPipeline(given);
    await using _pipeline = pipeline;
    successOf(await pipeline.invoke(parameters));
    key.aliases.delete(ALIAS);

    const again = await pipeline.invoke(parameters);

    expectFailure(again, 'ConfigurationError');
  });

  it('costs a first copy of a small artifact no request', async () => {
    const { pipeline, parameters } = await aliasedPipeline(given);
    await using _pipeline = pipeline;

    const first = await pipeline.invoke(parameters);

    expect(first.writes.map(({ operation }) => operation)).toEqual(['CopyObject']);
  });
});

describe('the parts of a job whose key is given as an alias', () => {
  const aws = shareAws();

  async function continued() {
    const job = await continueAfterParts(aws, {
      artifacts: [{ name: 'Image', content: generated(40 * GIB, 1) }],
      destinationCount: 1,
      keysByAlias: true,
    });
    const { bucket, key: objectKey } = placeOf(job.stage);
    const alias = bucket.encryption?.keyId ?? '';
    const key = aws.world.keys.find(alias, bucket.ownerAccountId, bucket.region);
    if (key === undefined) throw new Error('no key');
    return { ...job, bucket, alias, key, objectKey };
  }

  it('are resumed in the next invocation', async () => {
    const { stage, next, bucket, objectKey, key } = await continued();
    await runOnce(stage, { environment: SLOW }, next.event);

    expect(latest(bucket, objectKey)?.encryption.keyArn).toBe(key.arn);
    expect(partsWrittenTwice(aws.world.requests)).toEqual([]);
  });

  it('are copied again when the alias means another key by then', async () => {
    const { stage, next, bucket, objectKey, alias, key } = await continued();
    const other = aws.world.createKey({ region: bucket.region });
    stage.role.may = [...stage.role.may, { Effect: 'Allow', Action: ['kms:*'], Resource: [other.arn] }];
    pointElsewhere(aws.world, key, alias, other);

    const { result } = await runOnce(stage, { environment: SLOW }, next.event);

    expect(result.operation).toBe('PutJobSuccessResult');
    expect(latest(bucket, objectKey)?.encryption.keyArn).toBe(other.arn);
    expect(bucket.uploads.size).toBe(0);
  });
});
