// What the sample events cannot say themselves, since they are pure AWS JSON: sizes, and what is broken on purpose.
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FailureTypeName } from '../../functions/sync-artifacts/errors.ts';
import type { FaultRates } from '../aws/faults/fault-kinds.ts';

/** The world around a sample event, where it differs from a sound one with small artifacts. */
export interface Scenario {
  /** One sentence: what the sample shows. */
  readonly shows: string;
  /** Size of each artifact by name; others get DEFAULT_ARTIFACT_BYTES. */
  readonly artifactBytes?: Readonly<Record<string, number>>;
  /** Artifacts that are not in the bucket. */
  readonly missingArtifacts?: readonly string[];
  /** Destination buckets whose KMS key the function's role may not use. */
  readonly deniedKeyBuckets?: readonly string[];
  /** Destination buckets that encrypt with S3's own keys. */
  readonly bucketsWithoutKmsKey?: readonly string[];
  /** The function's role may not read the source; only `artifactCredentials` may. */
  readonly roleMayNotReadSource?: boolean;
  /** The source bucket keeps no versions. */
  readonly unversionedSource?: boolean;
  /** The artifacts are from before S3 gave every object a checksum. */
  readonly sourceWithoutChecksum?: boolean;
  /** Destination buckets in which another object is at the keys of the copies. */
  readonly occupiedBuckets?: readonly string[];
  /** What goes wrong while the job runs, unless the command line says otherwise. */
  readonly faults?: FaultRates;
  /** Environment variables of the function. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The failure that the sample is meant to end with. */
  readonly fails?: FailureTypeName;
}

/** Size of an artifact that neither the scenario nor `--artifact` names. */
export const DEFAULT_ARTIFACT_BYTES = 8 * 2 ** 20;

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** By file name in `events/`, without `.json`. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'three-regions': {
    shows: 'Two artifacts to three regions, one of them large enough for a parallel multipart copy.',
    artifactBytes: { App: 192 * MIB, Templates: 38 * KIB },
  },
  classic: {
    shows: 'The classic form: one artifact, one destination bucket.',
    artifactBytes: { App: 24 * MIB },
  },
  'five-artifacts': {
    shows: 'Five artifacts, as many as an action can have, from an empty one up to a gigabyte.',
    artifactBytes: {
      App: 64 * MIB,
      Templates: 38 * KIB,
      Frontend: 9 * MIB,
      Migrations: 0,
      LambdaLayers: GIB,
    },
  },
  'seven-gib': {
    shows: 'A 7 GiB artifact to three regions, beyond what one CopyObject request can copy.',
    artifactBytes: { MachineImage: 7 * GIB },
  },
  'input-artifacts': {
    shows: 'Only the artifacts that InputArtifacts names; the third one stays where it is.',
    artifactBytes: { App: 24 * MIB, Templates: 38 * KIB },
  },
  'release-bucket': {
    shows: 'Copies under keys of a template in a release bucket, under their own keys elsewhere.',
    artifactBytes: { App: 24 * MIB, Templates: 38 * KIB },
  },
  'destination-set': {
    shows:
      "A set of destinations from the function's environment: no look-ups, and connections from the start.",
    artifactBytes: { App: 96 * MIB, Templates: 38 * KIB },
    environment: {
      SYNC_DESTINATION_SETS: JSON.stringify({
        'all-regions': [
          { region: 'us-east-1', keyId: '1b0c3a7e-0f6a-4f0e-9a53-5d6a4f5e8c01' },
          { region: 'ap-southeast-2', keyId: '77d10c5e-64a8-4c5f-b1b0-2a9e3f4d5c02' },
          { region: 'sa-east-1', keyId: '0c2f4a68-9d1e-4b7a-8c35-6e9f0a1b2c03' },
        ].map(({ region, keyId }) => ({
          Bucket: `web-shop-artifacts-${region}`,
          Region: region,
          KmsKeyId: `arn:aws:kms:${region}:111122223333:key/${keyId}`,
        })),
      }),
    },
  },
  'unusual-keys': {
    shows: 'Object keys with spaces, +, % and characters of other scripts.',
    artifactBytes: { Spaces: 96 * MIB, Plus: 38 * KIB, Unicode: 3 * MIB },
  },
  relay: {
    shows: "The function's role may not read the source: bytes are relayed with the job's own credentials.",
    artifactBytes: { Vendor: 160 * MIB },
    roleMayNotReadSource: true,
  },
  'output-artifact': {
    shows: 'An action with an output artifact: sync-manifest.json says what was copied where.',
    artifactBytes: { App: 96 * MIB, Templates: 38 * KIB },
  },
  'kms-key': {
    shows: 'KmsKeyId: copies under a key that is not the default one of their bucket.',
    artifactBytes: { App: 24 * MIB, Templates: 38 * KIB },
  },
  'cross-account': {
    shows: 'BucketOwner: a disaster recovery bucket that belongs to another account.',
    artifactBytes: { App: 24 * MIB, Templates: 38 * KIB },
  },
  'mode-copy': {
    shows: 'Mode copy: server-side copies only, the bytes never pass through the function.',
    artifactBytes: { App: 24 * MIB },
  },
  'minimum-proof': {
    shows: 'MinimumProof checksum: a copy is right only if the checksums of source and copy are equal.',
    artifactBytes: { App: 24 * MIB, Templates: 38 * KIB },
  },
  'fails-overwrite-never': {
    shows: 'Overwrite never: another object is at the key in a write-once release bucket, and stays.',
    occupiedBuckets: ['web-shop-releases-eu-west-1'],
    fails: 'JobFailed',
  },
  'fails-minimum-proof': {
    shows: 'MinimumProof checksum, but the source has no checksum to compare with.',
    artifactBytes: { App: 24 * MIB },
    sourceWithoutChecksum: true,
    fails: 'JobFailed',
  },
  'fails-mode-copy': {
    shows: "Mode copy, but the function's role may not read the source, and relaying is ruled out.",
    roleMayNotReadSource: true,
    fails: 'PermissionError',
  },
  'fails-source-changed': {
    shows: 'The source is overwritten mid-job in a bucket that keeps no versions.',
    artifactBytes: { App: 96 * MIB },
    unversionedSource: true,
    faults: { 'source-overwritten': 1 },
    fails: 'RevisionOutOfSync',
  },
  'fails-s3-unavailable': {
    shows: 'S3 answers every request with an error until the function has no time left to retry.',
    artifactBytes: { App: 24 * MIB },
    faults: { 'internal-error': 1 },
    // The default of a minute would only make the sample slow.
    environment: { SYNC_RETRY_BUDGET_MS: '1500' },
    fails: 'SystemUnavailable',
  },
  'fails-function-lost': {
    shows: 'The function dies in every attempt; its on-failure destination fails the job.',
    artifactBytes: { App: 96 * MIB },
    faults: { oom: 1 },
    fails: 'JobFailed',
  },
  'fails-bad-parameters': {
    shows: 'A misspelt property in UserParameters.',
    fails: 'ConfigurationError',
  },
  'fails-missing-artifact': {
    shows: 'An artifact that has expired from the artifact bucket.',
    missingArtifacts: ['Templates'],
    fails: 'RevisionUnavailable',
  },
  'fails-denied-key': {
    shows: "A destination with a KMS key that the function's role may not use.",
    deniedKeyBuckets: ['web-shop-artifacts-ap-southeast-2'],
    fails: 'PermissionError',
  },
  'fails-no-kms-key': {
    shows: 'A destination bucket without a customer managed key.',
    bucketsWithoutKmsKey: ['web-shop-plain-bucket-eu-west-1'],
    fails: 'ConfigurationError',
  },
};

/** The folder of the sample events. */
export const SAMPLES_FOLDER = fileURLToPath(new URL('../../events', import.meta.url));

/** The scenario of a sample event; a sound world for any other event file. */
export function scenarioOf(eventFile: string): Scenario {
  const isSample = dirname(resolve(eventFile)) === SAMPLES_FOLDER;
  return (isSample ? SCENARIOS[basename(eventFile, '.json')] : undefined) ?? { shows: 'Your own event.' };
}
