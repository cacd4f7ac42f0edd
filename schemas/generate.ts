// Writes JSON Schemas from the code's own (`npm run schemas`): of UserParameters, of named destination sets, of what the replay prints.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { destinationSetsSchema } from '../functions/sync-artifacts/job/destination-sets.ts';
import { KEY_PLACEHOLDERS, userParametersSchema } from '../functions/sync-artifacts/job/user-parameters.ts';
import { replayReportSchema } from '../local/replay/report-schema.ts';

/** Where the schema is kept. */
export const USER_PARAMETERS_SCHEMA_FILE = fileURLToPath(
  new URL('./user-parameters.schema.json', import.meta.url),
);

/** Where the schema of the sets is kept. */
export const DESTINATION_SETS_SCHEMA_FILE = fileURLToPath(
  new URL('./destination-sets.schema.json', import.meta.url),
);

/** Where the schema of `npm run replay -- --json` is kept. */
export const REPLAY_REPORT_SCHEMA_FILE = fileURLToPath(
  new URL('./replay-report.schema.json', import.meta.url),
);

/** A key template as a pattern: text without braces, and known placeholders. */
const KEY_TEMPLATE = `^(?:[^{}]|\\{(?:${KEY_PLACEHOLDERS.join('|')})\\})+$`;

/** The JSON Schema of UserParameters. Only that a bucket may be named but once, and the length of the whole, are beyond it. */
export function userParametersJsonSchema() {
  const { $schema, ...generated } = jsonSchemaOf(userParametersSchema);
  return {
    $schema,
    $id: 'urn:codepipeline-artifact-sync:schemas:user-parameters',
    title: 'UserParameters of the sync-artifacts function',
    description:
      'What the Invoke action of the pipeline tells the function. CodePipeline takes it as JSON text of at most 1000 characters.',
    ...generated,
    oneOf: ['DestinationBucket', 'DestinationBuckets', 'Destinations'].map((name) => ({ required: [name] })),
    properties: {
      ...generated.properties,
      DestinationBuckets: { ...schemaOf(generated, 'DestinationBuckets'), uniqueItems: true },
      InputArtifacts: { ...schemaOf(generated, 'InputArtifacts'), uniqueItems: true },
    },
  };
}

/** The JSON Schema of SYNC_DESTINATION_SETS. Only that a bucket may be named but once in a set is beyond it. */
export function destinationSetsJsonSchema() {
  const { $schema, ...generated } = jsonSchemaOf(destinationSetsSchema);
  const set = generated.additionalProperties;
  return {
    $schema,
    $id: 'urn:codepipeline-artifact-sync:schemas:destination-sets',
    title: 'Named sets of destinations of the sync-artifacts function',
    description:
      "What the function's environment variable SYNC_DESTINATION_SETS holds as JSON text; UserParameters name one of them as Destinations.",
    ...generated,
    additionalProperties: { ...(typeof set === 'object' ? set : {}), uniqueItems: true },
  };
}

function jsonSchemaOf(schema: Parameters<typeof toJsonSchema>[0]): ReturnType<typeof toJsonSchema> {
  return toJsonSchema(schema, {
    target: 'draft-2020-12',
    // The one check that has no counterpart in JSON Schema is that of key templates.
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === 'check' ? { ...jsonSchema, pattern: KEY_TEMPLATE } : undefined,
  });
}

/** The JSON Schema of the document that `npm run replay -- --json` prints. */
export function replayReportJsonSchema() {
  const { $schema, ...generated } = toJsonSchema(replayReportSchema, { target: 'draft-2020-12' });
  return {
    $schema,
    $id: 'urn:codepipeline-artifact-sync:schemas:replay-report',
    title: 'Report of a replay',
    description: 'What `npm run replay -- --json` prints.',
    ...generated,
  };
}

function schemaOf({ properties }: ReturnType<typeof toJsonSchema>, name: string): object {
  const schema = properties?.[name];
  if (typeof schema !== 'object') throw new Error(`UserParameters has no property ${name}`);
  return schema;
}

if (import.meta.main) {
  for (const [file, schema] of [
    [USER_PARAMETERS_SCHEMA_FILE, userParametersJsonSchema()],
    [DESTINATION_SETS_SCHEMA_FILE, destinationSetsJsonSchema()],
    [REPLAY_REPORT_SCHEMA_FILE, replayReportJsonSchema()],
  ] as const) {
    writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
  }
}
