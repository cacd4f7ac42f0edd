// The JSON Schemas say what the parser and the manifest say.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { CHECKSUM_ALGORITHMS } from '../../../functions/sync-artifacts/checksums.ts';
import { parseDestinationSets } from '../../../functions/sync-artifacts/job/destination-sets.ts';
import { parseUserParameters } from '../../../functions/sync-artifacts/job/user-parameters.ts';
import { PROOF_STRENGTH } from '../../../functions/sync-artifacts/types.ts';
import { generated, toBuffer } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import {
  DESTINATION_SETS_SCHEMA_FILE,
  destinationSetsJsonSchema,
  USER_PARAMETERS_SCHEMA_FILE,
  userParametersJsonSchema,
} from '../../../schemas/generate.ts';
import { createStage, MIB, runOnce } from '../copy/resume/resume-stage.ts';
import { retryOf, shareAws } from '../harness/stages.ts';

const schemaIn = (file: string): object => JSON.parse(readFileSync(file, 'utf8')) as object;
const MANIFEST_SCHEMA_FILE = fileURLToPath(
  new URL('../../../schemas/sync-manifest.schema.json', import.meta.url),
);
const ajv = new Ajv2020({ strict: true, strictRequired: false });

/** A schema accepts what a parser accepts, and nothing else; at least so many of the samples are accepted. */
function expectSameVerdicts<T>(
  schema: object,
  parse: (json: string) => unknown,
  samples: fc.Arbitrary<T>,
  { numRuns, atLeast }: { readonly numRuns: number; readonly atLeast: number },
): void {
  const validate = ajv.compile(schema);
  const isParsed = (given: T): boolean => {
    try {
      parse(JSON.stringify(given));
      return true;
    } catch {
      return false;
    }
  };
  let accepted = 0;
  fc.assert(
    fc.property(samples, (given) => {
      const byParser = isParsed(given);
      if (byParser) accepted += 1;
      return validate(given) === byParser;
    }),
    { numRuns },
  );
  expect(accepted).toBeGreaterThan(atLeast);
}

const bucket = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{1,20}[a-z0-9]$/) },
  fc.constantFrom('ab', 'a..b', '1.2.3.4', 'xn--abc', 'abc-s3alias', 'Upper-case', '', 'a'.repeat(64)),
);
const template = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('{objectKey}', 'r/{executionId}/{artifact}.zip', 'plain\nkey') },
  fc.constantFrom('', '{', '}', '{objectkey}', '{{objectKey}}', '{objectKey', 'a}b'),
);
const orWrong = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary }, fc.constantFrom<unknown>(null, 1, true, [], {}, ''));
const destination = fc.oneof(
  bucket,
  fc.record(
    {
      Bucket: bucket,
      Region: orWrong(fc.constantFrom('eu-west-1', 'us-gov-east-1', 'EU', 'eu-west')),
      KmsKeyId: orWrong(
        fc.constantFrom(
          'alias/artifacts',
          'arn:aws:kms:eu-west-1:111122223333:key/1-2',
          'arn:aws:kms:eu-west-1:11112222333:key/1-2',
          '1234abcd-12ab',
          'a b',
        ),
      ),
      BucketOwner: orWrong(fc.constantFrom('111122223333', '11112222333')),
      Key: orWrong(template),
    },
    { requiredKeys: ['Bucket'] },
  ),
);
const destinations = fc.oneof(
  fc.record({ DestinationBucket: orWrong(bucket) }),
  fc.record({ DestinationBuckets: orWrong(fc.array(destination, { maxLength: 3 })) }),
  fc.record({ Destinations: orWrong(fc.constantFrom('all-regions', '')) }),
);
const others = fc.record(
  {
    InputArtifacts: orWrong(fc.array(fc.constantFrom('App', 'Templates', 'a b', ''), { maxLength: 3 })),
    Mode: orWrong(fc.constantFrom('auto', 'copy', 'relay', 'audit', 'Auto')),
    Key: orWrong(template),
    MinimumProof: orWrong(fc.constantFrom('size-only', 'etag', 'checksum', 'none')),
    Overwrite: orWrong(fc.constantFrom('replace', 'never', 'always')),
    Annotations: orWrong(fc.constantFrom('exclude', 'copy', 'COPY')),
    ExecutionId: orWrong(fc.constantFrom('#{codepipeline.PipelineExecutionId}', 'x')),
  },
  { requiredKeys: [] },
);
const unsound = fc.constantFrom({}, {}, {}, {}, { Unknown: 'x' }, { DestinationBucket: 'second' });
const parameters = fc
  .tuple(destinations, others, unsound)
  // As they are when they were JSON: without the objects that have no prototype, which fast-check makes as well.
  .map((members) => JSON.parse(JSON.stringify(Object.assign({}, ...members))) as Record<string, unknown>);

/** The one rule that JSON Schema has no words for. */
function namesABucketTwice(given: { readonly DestinationBuckets?: unknown }): boolean {
  if (!Array.isArray(given.DestinationBuckets)) return false;
  const names = given.DestinationBuckets.map((one: unknown) =>
    typeof one === 'string' ? one : (one as { Bucket?: unknown }).Bucket,
  );
  return new Set(names).size < names.length;
}

describe('the schema of UserParameters', () => {
  const schema = schemaIn(USER_PARAMETERS_SCHEMA_FILE);

  it('is the one that "npm run schemas" writes', () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(userParametersJsonSchema())));
  });

  it('has an id and a draft, so that editors can use it', () => {
    expect(schema).toMatchObject({
      $id: expect.stringMatching(/^urn:/),
      $schema: 'https://json-schema.org/draft/2020-12/schema',
    });
  });

  it('accepts what the parser accepts, and nothing else', () => {
    const samples = parameters.filter((given) => !namesABucketTwice(given));
    expectSameVerdicts(schema, parseUserParameters, samples, { numRuns: 2_000, atLeast: 30 });
  });
});

describe('the schema of destination sets', () => {
  const schema = schemaIn(DESTINATION_SETS_SCHEMA_FILE);
  const sets = fc
    .dictionary(
      fc.oneof({ weight: 20, arbitrary: fc.constantFrom('all-regions', 'eu') }, fc.constantFrom('', 'a b')),
      orWrong(fc.array(destination, { maxLength: 3 })),
      { maxKeys: 2 },
    )
    .map((given) => JSON.parse(JSON.stringify(given)) as Record<string, unknown>);

  it('is the one that "npm run schemas" writes', () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(destinationSetsJsonSchema())));
  });

  it('accepts what the parser accepts, and nothing else', () => {
    const samples = sets.filter((given) =>
      Object.values(given).every((set) => !namesABucketTwice({ DestinationBuckets: set })),
    );
    expectSameVerdicts(schema, parseDestinationSets, samples, { numRuns: 1_000, atLeast: 100 });
  });
});

describe('the schema of the manifest', () => {
  const schema = schemaIn(MANIFEST_SCHEMA_FILE);
  const validate = ajv.compile(schema);
  const aws = shareAws();

  it('describes a real manifest, copies of several kinds and those of earlier invocations included', async () => {
    const stage = createStage(aws, {
      artifacts: [
        { name: 'Small', content: generated(1000, 1) },
        { name: 'Large', content: generated(24 * MIB, 2) },
        { name: 'Plain', content: generated(24 * MIB, 3), put: { checksum: 'none' } },
        { name: 'Vendor', content: generated(1000, 4), roleMayNotRead: true },
        {
          name: 'Composite',
          content: generated(12 * MIB, 5),
          put: { partSizeBytes: 5 * MIB, checksum: { algorithm: 'CRC32', type: 'COMPOSITE' } },
        },
      ],
      outputArtifact: true,
      parameters: { ExecutionId: 'e-1' },
    });
    const [source] = stage.sourceBuckets;
    const manifest = (): { copies: { strategy: string; proof?: { kind: string } }[] } => {
      const object = source && latest(source, 'shop/Manifest/out.zip');
      if (object === undefined) throw new Error('there is no manifest');
      const files = unzipSync(toBuffer(object.content));
      return JSON.parse(strFromU8(files['sync-manifest.json'] ?? new Uint8Array())) as ReturnType<
        typeof manifest
      >;
    };
    await runOnce(stage);
    const first = manifest();
    expect([validate(first), validate.errors]).toEqual([true, null]);
    expect(new Set(first.copies.map(({ strategy }) => strategy))).toEqual(
      new Set(['object', 'multipart', 'relay']),
    );
    await runOnce(stage, {}, retryOf(stage));
    const second = manifest();
    expect([validate(second), validate.errors]).toEqual([true, null]);
    expect(second.copies.some(({ strategy }) => strategy === 'skip')).toBe(true);
  });

  it('names every proof and every checksum algorithm', () => {
    const text = JSON.stringify(schema);
    for (const name of [...Object.keys(PROOF_STRENGTH), ...CHECKSUM_ALGORITHMS]) {
      expect(text).toContain(`"${name}"`);
    }
  });

  it('refuses what is not a manifest', () => {
    expect(validate({ version: 2, jobId: 'x', copies: [] })).toBe(false);
  });
});
