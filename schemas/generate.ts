// Writes the JSON Schema of UserParameters from the parser's own schema (`npm run schemas`).
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { KEY_PLACEHOLDERS, userParametersSchema } from '../functions/sync-artifacts/job/user-parameters.ts';

/** Where the schema is kept. */
export const USER_PARAMETERS_SCHEMA_FILE = fileURLToPath(
  new URL('./user-parameters.schema.json', import.meta.url),
);

/** A key template as a pattern: text without braces, and known placeholders. */
const KEY_TEMPLATE = `^(?:[^{}]|\\{(?:${KEY_PLACEHOLDERS.join('|')})\\})+$`;

/** The JSON Schema of UserParameters. Only that a bucket may be named but once, and the length of the whole, are beyond it. */
export function userParametersJsonSchema() {
  const { $schema, ...generated } = toJsonSchema(userParametersSchema, {
    target: 'draft-2020-12',
    // The one check that has no counterpart in JSON Schema is that of key templates.
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === 'check' ? { ...jsonSchema, pattern: KEY_TEMPLATE } : undefined,
  });
  return {
    $schema,
    $id: 'urn:codepipeline-artifact-sync:schemas:user-parameters',
    title: 'UserParameters of the sync-artifacts function',
    description:
      'What the Invoke action of the pipeline tells the function. CodePipeline takes it as JSON text of at most 1000 characters.',
    ...generated,
    oneOf: [{ required: ['DestinationBucket'] }, { required: ['DestinationBuckets'] }],
    properties: {
      ...generated.properties,
      DestinationBuckets: { ...schemaOf(generated, 'DestinationBuckets'), uniqueItems: true },
      InputArtifacts: { ...schemaOf(generated, 'InputArtifacts'), uniqueItems: true },
    },
  };
}

function schemaOf({ properties }: ReturnType<typeof toJsonSchema>, name: string): object {
  const schema = properties?.[name];
  if (typeof schema !== 'object') throw new Error(`UserParameters has no property ${name}`);
  return schema;
}

if (import.meta.main) {
  writeFileSync(USER_PARAMETERS_SCHEMA_FILE, `${JSON.stringify(userParametersJsonSchema(), undefined, 2)}\n`);
}
