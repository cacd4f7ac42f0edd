// Which proof a planned copy can have, known before a byte is copied.
import { CHECKSUMS } from '../checksums.ts';
import { SyncError } from '../errors.ts';
import { isEnough } from '../proof/proof.ts';
import type { CopyTask, MinimumProof, ProofKind, SourceFacts } from '../types.ts';
import type { PartLayout } from './part-layout.ts';

/** How a copy is to be made. */
interface PlannedWay {
  readonly strategy: 'object' | 'multipart' | 'relay';
  readonly layout?: PartLayout;
}

/** Will the copy have a checksum that can be compared with its source's? */
export function isComparable({ checksum }: SourceFacts, layout: PartLayout | undefined): boolean {
  if (checksum === undefined) return false;
  if (checksum.type === 'COMPOSITE') return layout?.kind === 'reproduced';
  return layout === undefined || CHECKSUMS[checksum.algorithm].wholeFromParts;
}

/**
 * Nothing is copied that cannot be proved as strongly as the job asks.
 * @param way  how the copy is to be made; without a layout in one request
 * @param replaces  whether an object is at the destination, which the role may not be able to read
 * @throws SyncError that names the artifact, its best proof, and what to do
 */
export function requireReachableProof(
  task: CopyTask,
  way: PlannedWay,
  minimum: MinimumProof,
  replaces = task.existing !== undefined,
): void {
  const { source, destination, key } = task;
  const best = way.strategy === 'relay' ? 'relayed' : bestProof(source, way.layout);
  const what = `Artifact ${source.artifact.name} has no checksum that a server-side copy to s3://${destination.bucket}/${key} could be compared by`;
  const advice =
    'The copy was not started: upload the artifact with a checksum, accept a weaker proof, or set Mode to "relay" (with "auto" only what the role may not read is relayed, also when that changes while a job goes on).';
  if (!isEnough(best, minimum)) {
    throw new SyncError(
      'JobFailed',
      `${what}: its best proof is "${best}", but MinimumProof is "${minimum}". ${advice}`,
    );
  }
  // Whether the server gives a copy its source's ETag (S3 does not under SSE-KMS) shows only when it has replaced what was there.
  if (best === 'etag' && minimum === 'etag' && replaces && mayBeLost(task)) {
    throw new SyncError(
      'JobFailed',
      `${what}, and whether its ETag proves it (MinimumProof "etag") shows only after it has replaced the object that is there, of which the bucket shows no version. ${advice}`,
    );
  }
}

function bestProof(source: SourceFacts, layout: PartLayout | undefined): ProofKind {
  if (isComparable(source, layout)) return source.checksum?.type === 'COMPOSITE' ? 'composite' : 'checksum';
  // In one request, a server without SSE-KMS of S3's kind may give the MD5 of the bytes to both.
  return layout === undefined && !/-\d+"?$/.test(source.etag) ? 'etag' : 'size-only';
}

/** May what is there be an object that no version would keep? One without a version id is replaced for good, unless versioning began after it came. */
function mayBeLost({ existing }: CopyTask): boolean {
  return existing?.versionId === undefined;
}
