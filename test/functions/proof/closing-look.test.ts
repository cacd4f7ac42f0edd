// Servers that ignore conditions on parts: a source that neither version nor checksum protects is looked at once more.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import { createStage, failureOf, MIB, runOnce, type Stage } from '../copy/resume/resume-stage.ts';
import { placeOf, requestsOf, shareAws } from '../harness/stages.ts';

const aws = shareAws();

const NONE: PutOptions = { checksum: 'none' };
/** Parts that S3 would not take again, so that the copy's checksum cannot be compared. */
const SMALL_PARTS: PutOptions = {
  checksum: { algorithm: 'SHA256', type: 'COMPOSITE' },
  partSizeBytes: 3 * MIB,
};

function stageOf(
  put: PutOptions,
  mode: string,
  sourceVersioning: 'Enabled' | 'Unversioned',
  destinationCount = 1,
): Stage {
  return createStage(aws, {
    artifacts: [{ name: 'App', content: generated(24 * MIB, 1), put }],
    destinationCount,
    sourceVersioning,
    destinationVersioning: 'Unversioned',
    parameters: { Mode: mode },
  });
}

/** Overwrites the source while parts are read: its ETag is the old one to requests with conditions, and another one from the nth HEAD on. */
function overwriteMidCopy(stage: Stage, shownByHead: number): void {
  const source = stage.sourceOf(placeOf(stage).artifact);
  const sources = stage.sourceBuckets.map(({ name }) => name);
  let heads = 0;
  aws.faults = ({ operation, phase, bucket = '' }) => {
    if (phase !== 'before') return undefined;
    const isRead = operation === 'UploadPartCopy' || operation === 'GetObject';
    if (isRead) Object.assign(source, { content: generated(24 * MIB, 2) });
    if (operation === 'HeadObject' && sources.includes(bucket) && ++heads >= shownByHead)
      Object.assign(source, { etag: 'f'.repeat(32) });
    return undefined;
  };
}

describe('an artifact without version and checksum that is overwritten while its parts are copied', () => {
  it.each(['copy', 'relay'])('is out of sync, and what was there before stays (mode %s)', async (mode) => {
    const stage = stageOf(NONE, mode, 'Unversioned', 2);
    const { key } = placeOf(stage);
    const earlier = stage.destinations.map((bucket) => aws.world.putObject(bucket, key, generated(10, 5)));
    overwriteMidCopy(stage, 2);

    const { result } = await runOnce(stage);

    expect(failureOf(result).type).toBe('RevisionOutOfSync');
    expect(failureOf(result).message).toContain('Artifact App');
    expect(stage.destinations.map(({ objects }) => objects.get(key)?.[0])).toEqual(earlier);
    expect(stage.destinations.map(({ uploads }) => uploads.size)).toEqual([0, 0]);
  });

  it('is out of sync and removed when that shows only after the copy was completed', async () => {
    const stage = stageOf(SMALL_PARTS, 'copy', 'Unversioned');
    overwriteMidCopy(stage, 3);

    const { result } = await runOnce(stage);

    expect(failureOf(result).type).toBe('RevisionOutOfSync');
    expect(failureOf(result).message).toContain('It was removed.');
    expect(stage.destinations[0]?.objects.size).toBe(0);
  });
});

describe('a source that a version or a checksum protects', () => {
  it.each([
    ['version', NONE, 'Enabled'],
    ['checksum', {}, 'Unversioned'],
  ] as const)('(%s) is not looked at again', async (_, put, versioning) => {
    const stage = stageOf(put, 'copy', versioning);

    const { requests } = await requestsOf(stage);

    const [source] = stage.sourceBuckets;
    const heads = requests.filter(
      ({ bucket, operation }) => operation === 'HeadObject' && bucket === source?.name,
    );
    expect(heads).toHaveLength(1);
  });
});
