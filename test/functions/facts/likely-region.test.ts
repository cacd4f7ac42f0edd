// The region that a bucket's name holds, which connections are opened to before S3 has said where it is.
import { describe, expect, it } from 'vitest';
import { BucketCache } from '../../../functions/sync-artifacts/aws/bucket-cache.ts';
import { likelyRegion } from '../../../functions/sync-artifacts/facts/likely-region.ts';
import { HOME, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const context = () => ({ facts: new BucketCache(60_000), settings: { region: HOME } });

describe('the likely region of a bucket', () => {
  it.each([
    ['codepipeline-eu-west-1-123456789012', 'eu-west-1'],
    ['release-111122223333-ap-southeast-2-an', 'ap-southeast-2'],
    ['artifacts-us-gov-west-1', 'us-gov-west-1'],
    ['us-east-1', 'us-east-1'],
    ['team-artifacts', HOME],
    ['menu-west-10-dr', HOME],
  ])('named %s is %s', (bucket, region) => {
    expect(likelyRegion({ bucket }, context())).toBe(region);
  });

  it('is the one that is given, or else the one that was seen', () => {
    const bucket = 'artifacts-eu-west-1';
    const seen = context();
    seen.facts.setRegion(bucket, 'sa-east-1');

    expect(likelyRegion({ bucket, region: 'us-west-2' }, seen)).toBe('us-west-2');
    expect(likelyRegion({ bucket }, seen)).toBe('sa-east-1');
  });

  it('decides nothing but where connections are opened', async () => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('App');
    pipeline.addDestination('moved-from-us-west-2', { region: 'eu-west-1' });

    const outcome = await pipeline.invoke({ DestinationBucket: 'moved-from-us-west-2' });

    successOf(outcome);
    const copies = outcome.requests.filter(({ operation }) => operation === 'CopyObject');
    expect(copies).toMatchObject([{ region: 'eu-west-1', status: 200 }]);
  });
});
