// Version ids in requests: what is not one is refused before anything is looked up.
import { invalidArgument } from '../s3-errors.ts';
import { isId } from '../state/buckets.ts';

/** @throws InvalidArgument unless it can be a version id: of S3's form, or `null`. */
export function requireVersionId(versionId: string, argument = 'versionId'): void {
  if (versionId === '') {
    throw invalidArgument('Version id cannot be the empty string', argument, versionId);
  }
  if (versionId !== 'null' && !isId(versionId)) {
    throw invalidArgument('Invalid version id specified', argument, versionId);
  }
}
