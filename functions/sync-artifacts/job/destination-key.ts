// The key of a copy, from the template that the user gave.
import { ConfigurationError } from '../errors.ts';
import type { Artifact, DestinationRequest, SyncJob } from '../types.ts';
import { describe, KEY_PLACEHOLDERS } from './user-parameters.ts';

/** S3 user guide: the UTF-8 encoding of an object key has at most 1024 bytes. */
export const MAX_KEY_BYTES = 1024;

/**
 * The keys of all copies in a destination, in the order of the artifacts.
 * @throws ConfigurationError as `destinationKey` does
 */
export function destinationKeys(
  { keyTemplate }: DestinationRequest,
  { artifacts, executionId }: Pick<SyncJob, 'artifacts' | 'executionId'>,
): readonly string[] {
  return artifacts.map((artifact) => destinationKey(keyTemplate, artifact, executionId));
}

/**
 * The key of a copy.
 * @throws ConfigurationError when the template needs a value that is not there, or gives an impossible key.
 */
export function destinationKey(
  template: string,
  artifact: Artifact,
  executionId: string | undefined,
): string {
  const values: Record<(typeof KEY_PLACEHOLDERS)[number], string | undefined> = {
    objectKey: artifact.key,
    artifact: artifact.name,
    revision: artifact.revision,
    executionId,
  };
  const key = template.replaceAll(/\{([^{}]*)\}/g, (_, placeholder: string) => {
    const name = KEY_PLACEHOLDERS.find((known) => known === placeholder);
    const value = name === undefined ? undefined : values[name];
    if (value !== undefined && value !== '') return value;
    const missing =
      placeholder === 'executionId'
        ? 'UserParameters has no ExecutionId; set it to "#{codepipeline.PipelineExecutionId}"'
        : `input artifact ${describe(artifact.name)} has no ${placeholder}`;
    throw new ConfigurationError(
      `UserParameters property Key is ${describe(template)}, but ${missing}; expected placeholders that have a value.`,
    );
  });
  if (!key.isWellFormed()) {
    throw new ConfigurationError(
      `UserParameters property Key gives ${describe(key)}, which holds half of a surrogate pair; it must be well-formed Unicode text: correct Key, ExecutionId or the revision that it takes in.`,
    );
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) {
    throw new ConfigurationError(
      `UserParameters property Key gives ${describe(key)} of ${bytes} bytes; expected at most ${MAX_KEY_BYTES}.`,
    );
  }
  return key;
}
