// Where a job reads and writes, compared before anything is written: no write may destroy an input or another write of the same job.
import { ConfigurationError } from '../errors.ts';
import type { Artifact, SyncJob } from '../types.ts';
import { destinationKey } from './destination-key.ts';
import { describe } from './user-parameters.ts';

type Places = Pick<SyncJob, 'artifacts' | 'destinations' | 'executionId' | 'outputArtifacts'>;

/**
 * Requires that every copy has a possible key and, like the manifest, a place of its own.
 * @param inputs  all input artifacts of the action, also those that are not copied
 * @throws ConfigurationError for an impossible key, or naming both when two meet at one place
 */
export function requireDistinctPlaces(
  { artifacts, destinations, executionId, outputArtifacts }: Places,
  inputs: readonly Artifact[],
): void {
  const inputAt = new Map(inputs.map((input) => [placeOf(input), input]));
  const copyAt = new Map<string, string>();
  const overwrites: string[] = [];
  for (const { bucket, keyTemplate } of destinations) {
    for (const artifact of artifacts) {
      const key = destinationKey(keyTemplate, artifact, executionId);
      const place = placeOf({ bucket, key });
      const other = copyAt.get(place);
      if (other !== undefined) {
        throw new ConfigurationError(
          `UserParameters property Key is ${describe(keyTemplate)}, which gives artifacts ${describe(other)} and ${describe(artifact.name)} the same key ${describe(key)} in ${bucket}; expected a template that tells them apart, for example with {artifact}.`,
        );
      }
      copyAt.set(place, artifact.name);
      const overwritten = inputAt.get(place);
      if (overwritten !== undefined && place !== placeOf(artifact)) {
        overwrites.push(
          `The copy of artifact ${artifact.name} would replace input artifact ${overwritten.name} at ${place}. Change Key so that copies have places of their own, for example to "copies/{artifact}/{objectKey}". Nothing was copied.`,
        );
      }
    }
  }
  const [overwrite] = overwrites;
  if (overwrite !== undefined) throw new ConfigurationError(overwrite);
  for (const output of outputArtifacts) {
    const place = placeOf(output);
    const copied = copyAt.get(place);
    const other = copied === undefined ? inputAt.get(place)?.name : copied;
    if (other === undefined) continue;
    const what = copied === undefined ? `input artifact ${other}` : `the copy of artifact ${other}`;
    throw new ConfigurationError(
      `The manifest, output artifact ${output.name}, would replace ${what} at ${place}. Change Key or the destination so that copies have places of their own. Nothing was copied.`,
    );
  }
}

function placeOf({ bucket, key }: Pick<Artifact, 'bucket' | 'key'>): string {
  return `s3://${bucket}/${key}`;
}
