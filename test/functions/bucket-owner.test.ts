// A bucket that changes hands serves no request of a job: each names the account that must own it, whatever the role may do.
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { FUNCTION_PERMISSIONS } from '../../infra/function-permissions.ts';
import type { PutOptions } from '../../local/aws/world.ts';
import { HOME, JobWorld, MIB, MULTIPART_BYTES, OTHER_ACCOUNT, SOURCE } from './world.ts';

const DESTINATION = 'owned-eu';
const KEY = 'pipeline/App/abc.zip';

/** A job that comes to an operation. */
interface Way {
  readonly sizeBytes?: number;
  readonly put?: PutOptions;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly hasOutput?: true;
  readonly region?: string;
  readonly prepare?: (world: JobWorld) => void | Promise<void>;
}

const PARTS: Way = { sizeBytes: MULTIPART_BYTES };
const COMPOSITE: Way = {
  sizeBytes: 12 * MIB,
  put: { partSizeBytes: 5 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
};
const RELAY: Way = { parameters: { Mode: 'relay' } };
const FAILING: Way = {
  ...PARTS,
  prepare: (world) => {
    world.faults = ({ operation, phase }) =>
      operation === 'UploadPartCopy' && phase === 'before'
        ? { kind: 'error', status: 400, code: 'InvalidRequest' }
        : undefined;
  },
};
const LEFT: Way = {
  ...PARTS,
  prepare: async ({ aws, role }) => {
    const { endpoint } = aws;
    const { credentials } = role;
    const client = new S3Client({ endpoint, credentials, region: 'eu-west-1', forcePathStyle: true });
    await client.send(new CreateMultipartUploadCommand({ Bucket: DESTINATION, Key: KEY }));
    client.destroy();
  },
};
const UNPROVED: Way = { put: { checksum: 'none' }, parameters: { MinimumProof: 'checksum' } };

const WAYS: readonly (readonly [operation: string, side: 'source' | 'destination', way: Way])[] = [
  ['HeadObject', 'source', {}],
  ['GetObjectTagging', 'source', {}],
  ['GetObjectAttributes', 'source', COMPOSITE],
  ['GetObject', 'source', RELAY],
  ['CopyObject', 'source', {}],
  ['UploadPartCopy', 'source', PARTS],
  ['PutObject', 'source', { hasOutput: true }],
  // Elsewhere the answer is a redirect, whoever owns the bucket.
  ['HeadBucket', 'destination', { region: HOME }],
  ['GetBucketEncryption', 'destination', {}],
  ['HeadObject', 'destination', {}],
  ['CopyObject', 'destination', {}],
  ['CreateMultipartUpload', 'destination', PARTS],
  ['ListMultipartUploads', 'destination', PARTS],
  ['ListParts', 'destination', LEFT],
  ['UploadPartCopy', 'destination', PARTS],
  ['UploadPart', 'destination', { ...RELAY, ...PARTS }],
  ['PutObject', 'destination', RELAY],
  ['CompleteMultipartUpload', 'destination', PARTS],
  ['AbortMultipartUpload', 'destination', FAILING],
  ['DeleteObject', 'destination', UNPROVED],
];

describe('a bucket that a stranger takes over', () => {
  it.each(WAYS)('right before %s refuses it (%s bucket)', async (operation, side, way) => {
    await using world = await JobWorld.start();
    world.addArtifact('App', way.sizeBytes ?? 1000, way.put);
    world.addDestination(DESTINATION, way.region === undefined ? {} : { region: way.region });
    await way.prepare?.(world);
    const bucket = world.bucket(side === 'source' ? SOURCE : DESTINATION);
    // A copy names its source in a request to the destination.
    const addressed = operation.endsWith('Copy') || operation === 'CopyObject' ? DESTINATION : bucket.name;
    const { faults } = world;
    let heldBefore: number | undefined;
    world.faults = (point) => {
      if (point.operation !== operation || point.bucket !== addressed) return faults?.(point);
      if (heldBefore === undefined) {
        heldBefore = bucket.objects.size;
        Object.assign(bucket, { ownerAccountId: OTHER_ACCOUNT });
      }
      return undefined;
    };
    const outputArtifacts = [
      {
        name: 'Manifest',
        location: { type: 'S3', s3Location: { bucketName: SOURCE, objectKey: 'out.zip' } },
      },
    ] as const;
    const outcome = await world.invoke(
      { DestinationBucket: DESTINATION, ...way.parameters },
      way.hasOutput ? { data: { outputArtifacts } } : {},
    );
    const asked = outcome.requests.filter(
      (request) => request.operation === operation && request.bucket === addressed,
    );
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([403]));
    expect(bucket.objects.size).toBe(heldBefore);
    expect(outcome.results.map(({ operation: result }) => result)).toEqual(['PutJobFailureResult']);
  });

  it('is tried with every operation that the role may ask of S3', () => {
    const asked = FUNCTION_PERMISSIONS.filter(({ side }) => side !== 'codepipeline');
    const shown = WAYS.map(([operation, side]) => `${operation} on ${side}`);
    expect(shown).toEqual(
      expect.arrayContaining(asked.map(({ operation, side }) => `${operation} on ${side}`)),
    );
  });
});
