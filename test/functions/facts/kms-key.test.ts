// Names of KMS keys: made unambiguous before they are sent, compared when S3 answers.
import { describe, expect, it } from 'vitest';
import { isSameKey, qualifyKey } from '../../../functions/sync-artifacts/facts/kms-key.ts';

const UUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const ARN = `arn:aws:kms:eu-west-1:111122223333:key/${UUID}`;

describe('a KMS key id', () => {
  const home = { bucket: 'b', bucketOwner: '111122223333', region: 'eu-west-1' };

  it.each([
    [UUID, ARN],
    ['alias/a', 'arn:aws:kms:eu-west-1:111122223333:alias/a'],
    [`mrk-${'0'.repeat(32)}`, `arn:aws:kms:eu-west-1:111122223333:key/mrk-${'0'.repeat(32)}`],
    [ARN, ARN],
    ['minio-key', 'minio-key'],
  ])('%s is sent as %s', (given, sent) => {
    expect(qualifyKey(given, home)).toBe(sent);
  });

  it.each([
    ['cn-north-1', 'arn:aws-cn:kms:cn-north-1:111122223333:alias/a'],
    ['us-gov-west-1', 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a'],
    ['us-isob-east-1', 'arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/a'],
    ['eusc-de-east-1', 'arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/a'],
    ['eu-central-1', 'arn:aws:kms:eu-central-1:111122223333:alias/a'],
  ])('in %s gets the partition of the region', (region, sent) => {
    expect(qualifyKey('alias/a', { ...home, region })).toBe(sent);
  });

  it.each(['alias/aws/s3', 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3'])('%s is refused', (given) => {
    expect(() => qualifyKey(given, home)).toThrow('AWS managed key');
  });

  it.each([
    [ARN, ARN, true],
    [ARN, UUID, true],
    [UUID, ARN, true],
    [ARN, ARN.replace('1234abcd', '9999abcd'), false],
    [ARN, '', false],
    [ARN, undefined, false],
    ['minio-key', 'arn:aws:kms:minio-key', true],
    ['minio-key', 'other-key', false],
    ['arn:aws:kms:eu-west-1:111122223333:alias/a', ARN, true],
    ['arn:aws:kms:eu-west-1:444455556666:alias/a', ARN, false],
    ['arn:aws:kms:eu-west-2:111122223333:alias/a', ARN, false],
  ])('%s asked for and %s reported: the same is %s', (asked, reported, same) => {
    expect(isSameKey(asked, reported)).toBe(same);
  });
});
