// Fails a job in Mode "audit" when a copy is not there, or cannot be shown to be what was built; no I/O.
import { SyncError } from '../errors.ts';
import { isKeyNow } from '../facts/kms-key.ts';
import type { CopyTask } from '../types.ts';
import { compareBytes, contradictingDescription, describeDifference } from './proof.ts';

/** As many as a message names one by one. */
const NAMED = 5;

/**
 * Takes the copies that a job without this mode would have made.
 * @throws SyncError that names them and what is wrong with each, unless there are none
 */
export function requireCopies(missing: readonly CopyTask[], count: number): void {
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED).map((task) => {
    const { source, destination, key } = task;
    return `s3://${destination.bucket}/${key} in ${destination.region} (artifact ${source.artifact.name}): ${whatIsWrong(task)}.`;
  });
  const more = missing.length > NAMED ? ` And ${missing.length - NAMED} more.` : '';
  throw new SyncError(
    'JobFailed',
    `${missing.length} of ${count} copies cannot be shown to be what was built. ${named.join(' ')}${more} Mode is "audit", so nothing was copied: run the Sync stage again, or find out who changed them.`,
  );
}

function whatIsWrong({ source, destination, existing }: CopyTask): string {
  if (existing === undefined) {
    return 'nothing is there, or the role may not read it (s3:GetObject, and kms:Decrypt on the key that it has)';
  }
  const bytes = compareBytes(source, existing, false);
  if (bytes === 'different') return `another object is there, with ${describeDifference(source, existing)}`;
  const { encryption } = destination;
  if (existing.encryption !== encryption.algorithm || !isKeyNow(encryption, existing.kmsKeyArn)) {
    const key = existing.kmsKeyArn ?? existing.encryption ?? 'no key';
    return `it is encrypted with ${key} instead of ${encryption.kmsKeyId}`;
  }
  const differing = contradictingDescription(source, existing);
  if (differing.length > 0) return `its ${differing.join(', ')} differ from the source's`;
  return `its bytes are shown to be the same by no more than ${bytes.kind}`;
}
