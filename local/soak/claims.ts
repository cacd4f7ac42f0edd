// Holds what a job says of itself (log, manifest, output variables, summary) against what is in the buckets.
import { strFromU8, unzipSync } from 'fflate';
import { toBuffer } from '../aws/content/content.ts';
import type { FaultKind } from '../aws/faults/fault-kinds.ts';
import { latest, type ObjectVersion } from '../aws/state/buckets.ts';
import { parseCopyLine } from '../replay/copy-log.ts';
import type { Aftermath } from './check.ts';
import type { StagedCopy } from './stage.ts';

/** What a log line or an entry of the manifest says of one copy. */
interface Claim {
  readonly from: 'the log' | 'the manifest';
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly strategy: string;
  readonly proof: string | undefined;
  readonly kmsKeyArn: string | undefined;
  readonly versionId?: string | undefined;
  readonly checksum?: string | undefined;
}

/** Statements of a successful job that are not so. */
export function falseClaims(aftermath: Aftermath): string[] {
  if (aftermath.run.state !== 'Succeeded') return [];
  const manifest = manifestClaims(aftermath);
  const problems = typeof manifest === 'string' ? [manifest] : [];
  const claims = [...logClaims(aftermath), ...(typeof manifest === 'string' ? [] : manifest)];
  for (const copy of aftermath.staged.copies) {
    const about = claims.filter(({ bucket, key }) => bucket === copy.bucket && key === copy.key);
    if (!about.some(({ from }) => from === 'the log'))
      problems.push(`logged nothing of ${copy.bucket}/${copy.key}`);
    for (const claim of about) problems.push(...falseClaim(claim, copy, aftermath));
  }
  return [...problems, ...falseTotals(aftermath)];
}

function logClaims({ run }: Aftermath): Claim[] {
  const lines = run.invocations.flatMap((invocation) => invocation.lines);
  return lines.flatMap((line) => {
    const entry = parseCopyLine(line);
    return entry ? { ...entry, from: 'the log' } : [];
  });
}

/** As much of the manifest as is checked (schemas/sync-manifest.schema.json). */
interface Manifest {
  readonly copies: readonly {
    readonly destination: { readonly bucket: string; readonly key: string; readonly versionId?: string };
    readonly bytes: number;
    readonly strategy: string;
    readonly proof?: { readonly kind: string; readonly kmsKeyArn: string };
    readonly checksum?: { readonly value: string };
  }[];
}

function manifestClaims({ staged, world }: Aftermath): Claim[] | string {
  if (staged.manifest === undefined) return [];
  const { bucket, key } = staged.manifest;
  const written = latest(world.bucket(bucket), key);
  const file = written && unzipSync(toBuffer(written.content))['sync-manifest.json'];
  if (file === undefined) return 'succeeded without a manifest';
  const { copies } = JSON.parse(strFromU8(file)) as Manifest;
  if (copies.length !== staged.copies.length) return `has ${copies.length} copies in its manifest`;
  return copies.map(({ destination, bytes, strategy, proof, checksum }) => ({
    from: 'the manifest',
    bucket: destination.bucket,
    key: destination.key,
    sizeBytes: bytes,
    strategy,
    proof: proof?.kind,
    kmsKeyArn: proof?.kmsKeyArn,
    versionId: destination.versionId,
    checksum: checksum?.value,
  }));
}

function falseClaim(claim: Claim, copy: StagedCopy, aftermath: Aftermath): string[] {
  const made = latest(aftermath.world.bucket(copy.bucket), copy.key);
  if (made === undefined) return [];
  const wrong = (what: string, given: unknown, actual: unknown): string[] =>
    given === actual
      ? []
      : [`says in ${claim.from} of ${copy.bucket}/${copy.key}: ${what} ${given}, but it is ${actual}`];
  return [
    ...wrong('size', claim.sizeBytes, made.sizeBytes),
    ...wrong('key', claim.kmsKeyArn, made.encryption.keyArn),
    ...(claim.from === 'the manifest' && made.versionId !== 'null'
      ? wrong('version', claim.versionId, made.versionId)
      : []),
    ...(claim.checksum === undefined ? [] : wrong('checksum', claim.checksum, made.checksum?.value)),
    ...wrong('proof', claim.proof, strongestProof(claim, copy.source, made, aftermath)),
    ...(claim.strategy === 'skip' && made !== copy.existing && !repeats(aftermath)
      ? [`says in ${claim.from} that ${copy.bucket}/${copy.key} was there already`]
      : []),
  ];
}

/** The proof that the facts allow, and that the job therefore has to find (README "What a job gives"). */
function strongestProof(
  claim: Claim,
  source: ObjectVersion,
  made: ObjectVersion,
  { soak }: Aftermath,
): string | undefined {
  const [a, b] = [source.checksum, made.checksum];
  if (a !== undefined && a.algorithm === b?.algorithm && a.type === b.type && a.value === b.value)
    return a.type === 'FULL_OBJECT' ? 'checksum' : 'composite';
  if (source.etag === made.etag) return 'etag';
  // Only the one who moved the bytes knows that they were hashed on the way; what an earlier invocation relayed may be known by size only.
  const mayRelay = soak.mode === 'relay' || !soak.roleMayReadSource || claim.strategy === 'relay';
  return mayRelay && claim.proof === 'relayed' ? 'relayed' : 'size-only';
}

function falseTotals(aftermath: Aftermath): string[] {
  const { run, staged, world, soak } = aftermath;
  const { executionDetails = {}, outputVariables = {} } = (run.results.at(-1)?.input ?? {}) as {
    readonly executionDetails?: { readonly summary?: string };
    readonly outputVariables?: Readonly<Record<string, string>>;
  };
  const copied = staged.copies.filter(
    (copy) => latest(world.bucket(copy.bucket), copy.key) !== copy.existing,
  );
  const skipped = staged.copies.length - copied.length;
  const bytes = copied.reduce((sum, { artifact }) => sum + artifact.sizeBytes, 0);
  const expected: Record<string, string> = {
    ArtifactCount: String(soak.artifacts.length),
    DestinationCount: String(soak.destinations.length),
    // A retry finds there what the killed attempt has copied.
    ...(repeats(aftermath) ? {} : { BytesCopied: String(bytes), CopiesSkipped: String(skipped) }),
  };
  for (const { artifact, source } of staged.copies) {
    const { checksum, etag } = source;
    expected[`${artifact.name}_ObjectKey`] = artifact.key;
    expected[`${artifact.name}_Checksum`] = checksum
      ? `${checksum.algorithm}:${checksum.value}`
      : `ETag:"${etag}"`;
  }
  const problems = Object.entries(expected).flatMap(([name, value]) =>
    outputVariables[name] === value ? [] : [`gave ${name} as ${outputVariables[name]} instead of ${value}`],
  );
  const { summary = '' } = executionDetails;
  const regions = new Set(soak.destinations.map(({ region }) => region)).size;
  const counts = new RegExp(`^Synced ${soak.artifacts.length} artifacts? .* to ${regions} regions? in `);
  if (!counts.test(summary)) problems.push(`has a wrong summary: ${summary}`);
  if (!repeats(aftermath) && summary.includes('already there') !== skipped > 0)
    problems.push(`has a summary that is wrong about ${skipped} skipped copies: ${summary}`);
  return problems;
}

/** Was there an attempt before the one that ended the job, whose copies the last one finds and skips? */
function repeats({ run, struck }: Aftermath): boolean {
  const continued = run.invocations.length > 1;
  return (
    run.invocations.some(({ outcome }) => outcome !== 'ok') ||
    (continued && LOSING_ANSWERS.some((kind) => struck.has(kind)))
  );
}

/** Faults after which a copy is there that the invocation did not live to know of. */
const LOSING_ANSWERS: readonly FaultKind[] = ['reset-after', 'stall', 'stall-body', 'truncate', 'slow'];
