// A bucket that changes hands serves no request of a job: each names the account that must own it, whatever the role may do.
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../functions/sync-artifacts/aws/operations.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import { shareBucket } from '../../../local/pipeline/identities.ts';
import { errorOf, faultAt } from '../harness/faults.ts';
import { KEY } from '../harness/pipeline-test.ts';
import {
  ACCOUNT,
  HOME,
  MIB,
  MULTIPART_BYTES,
  OTHER_ACCOUNT,
  SOURCE,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const DESTINATION = 'owned-eu';

/** A job that comes to an operation. */
interface Way {
  readonly sizeBytes?: number;
  readonly put?: PutOptions;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly hasOutput?: true;
  readonly region?: string;
  /** The takeover waits until this operation is done. */
  readonly after?: string;
  /** The copy was made before, so the job may succeed. */
  readonly ends?: 'PutJobSuccessResult';
  readonly prepare?: (pipeline: TestPipeline) => void | Promise<void>;
}

const PARTS: Way = { sizeBytes: MULTIPART_BYTES };
const COMPOSITE: Way = {
  sizeBytes: 12 * MIB,
  put: { partSizeBytes: 5 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
};
const RELAY: Way = { parameters: { Mode: 'relay' } };
const FAILING: Way = {
  ...PARTS,
  prepare: (pipeline) => {
    pipeline.faults = faultAt('UploadPartCopy', errorOf(400, 'InvalidRequest'));
  },
};
const LEFT: Way = {
  ...PARTS,
  prepare: async ({ server: aws, role }) => {
    const { endpoint } = aws;
    const { credentials } = role;
    const client = new S3Client({ endpoint, credentials, region: 'eu-west-1', forcePathStyle: true });
    await client.send(new CreateMultipartUploadCommand({ Bucket: DESTINATION, Key: KEY }));
    client.destroy();
  },
};
const UNPROVED: Way = { put: { checksum: 'none' }, parameters: { MinimumProof: 'etag' } };

const PROVED_LATER: Way = { put: { checksum: 'none' }, after: 'CopyObject', ends: 'PutJobSuccessResult' };
const RELAY_TO_TWO: Way = {
  sizeBytes: 10 * MIB,
  parameters: { Mode: 'relay', DestinationBuckets: [DESTINATION, 'owned-us'] },
  prepare: (pipeline) => void pipeline.addDestination('owned-us', { region: 'us-west-2' }),
};

const WAYS: readonly (readonly [operation: string, side: 'source' | 'destination', how: string, way: Way])[] =
  [
    ['HeadObject', 'source', 'facts', {}],
    ['GetObjectTagging', 'source', 'facts', {}],
    ['GetObjectAttributes', 'source', 'facts', COMPOSITE],
    ['GetObject', 'source', 'relay', RELAY],
    ['CopyObject', 'source', 'copy', {}],
    ['UploadPartCopy', 'source', 'copy in parts', PARTS],
    ['PutObject', 'source', 'manifest', { hasOutput: true }],
    // Elsewhere the answer is a redirect, whoever owns the bucket.
    ['HeadBucket', 'destination', 'facts', { region: HOME }],
    ['GetBucketEncryption', 'destination', 'facts', {}],
    ['HeadObject', 'destination', 'facts', {}],
    ['CopyObject', 'destination', 'copy', {}],
    ['HeadObject', 'destination', 'proof', PROVED_LATER],
    ['CreateMultipartUpload', 'destination', 'copy in parts', PARTS],
    ['ListMultipartUploads', 'destination', 'copy in parts', PARTS],
    ['ListParts', 'destination', 'copy that continues', LEFT],
    ['UploadPartCopy', 'destination', 'copy in parts', PARTS],
    ['UploadPart', 'destination', 'stream', { ...RELAY, sizeBytes: 10 * MIB }],
    ['UploadPart', 'destination', 'relay to two', RELAY_TO_TWO],
    ['PutObject', 'destination', 'relay', RELAY],
    ['CompleteMultipartUpload', 'destination', 'copy in parts', PARTS],
    ['AbortMultipartUpload', 'destination', 'copy that fails', FAILING],
    ['DeleteObject', 'destination', 'copy that is not proved', UNPROVED],
  ];

describe('a bucket that a stranger takes over', () => {
  it.each(WAYS)('right before %s refuses it (%s bucket, %s)', async (operation, side, _how, way) => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('App', way.sizeBytes ?? 1000, way.put);
    pipeline.addDestination(DESTINATION, way.region === undefined ? {} : { region: way.region });
    await way.prepare?.(pipeline);
    const bucket = pipeline.bucket(side === 'source' ? SOURCE : DESTINATION);
    // A copy names its source in a request to the destination.
    const addressed = operation.endsWith('Copy') || operation === 'CopyObject' ? DESTINATION : bucket.name;
    const { faults } = pipeline;
    let waiting = way.after !== undefined;
    let taken: { readonly objects: number; readonly requests: number } | undefined;
    pipeline.faults = (point) => {
      if (point.operation === way.after && point.phase === 'after') waiting = false;
      if (point.operation !== operation || point.bucket !== addressed) return faults?.(point);
      if (taken === undefined && !waiting) {
        taken = { objects: bucket.objects.size, requests: pipeline.aws.requests.length };
        // Whoever took the name lets everybody in: nothing but the expected owner keeps the job out.
        Object.assign(bucket, { ownerAccountId: OTHER_ACCOUNT });
        shareBucket(pipeline.aws, bucket, ACCOUNT);
      }
      return undefined;
    };
    const outputArtifacts = [
      {
        name: 'Manifest',
        location: { type: 'S3', s3Location: { bucketName: SOURCE, objectKey: 'out.zip' } },
      },
    ] as const;
    const outcome = await pipeline.invoke(
      {
        ...(way.parameters?.DestinationBuckets === undefined ? { DestinationBucket: DESTINATION } : {}),
        ...way.parameters,
      },
      way.hasOutput ? { data: { outputArtifacts } } : {},
    );
    const asked = pipeline.aws.requests
      .slice(taken?.requests)
      .filter((request) => request.operation === operation && request.bucket === addressed);
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([403]));
    expect(bucket.objects.size).toBe(taken?.objects);
    const ends = way.ends ?? 'PutJobFailureResult';
    expect(outcome.results.map(({ operation: result }) => result)).toEqual([ends]);
  });

  it('is tried with every operation that the role may ask of S3', () => {
    const asked = OPERATIONS.filter(({ side }) => side !== 'codepipeline');
    const shown = WAYS.map(([operation, side]) => `${operation} on ${side}`);
    expect(shown).toEqual(
      expect.arrayContaining(asked.map(({ operation, side }) => `${operation} on ${side}`)),
    );
  });
});
