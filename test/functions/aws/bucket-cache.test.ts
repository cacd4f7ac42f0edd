// What a warm container remembers about buckets.
import { describe, expect, it } from 'vitest';
import { BucketCache } from '../../../functions/sync-artifacts/aws/bucket-cache.ts';

const UUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const ARN = `arn:aws:kms:eu-west-1:111122223333:key/${UUID}`;

describe('facts about buckets', () => {
  it('are fresh for their time only, and of one owner only', () => {
    let now = 0;
    const facts = new BucketCache(1_000, () => now);
    facts.setRegion('b', 'eu-west-1');
    facts.setEncryption('b', '111122223333', { algorithm: 'aws:kms', kmsKeyId: ARN });
    now = 999;
    expect(facts.region('b')).toBe('eu-west-1');
    expect(facts.encryption('b', '111122223333')?.kmsKeyId).toBe(ARN);
    expect(facts.encryption('b', '444455556666')).toBeUndefined();
    now = 1_000;
    expect(facts.region('b')).toBeUndefined();
    expect(facts.encryption('b', '111122223333')).toBeUndefined();
  });

  it('are forgotten after a failure', () => {
    const facts = new BucketCache(1_000);
    facts.setRegion('b', 'eu-west-1');
    facts.clear();
    expect(facts.region('b')).toBeUndefined();
  });
});
