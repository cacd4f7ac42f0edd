// Reads a cloud assembly, as CDK synthesises it: templates, where they go, and in which order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Template } from '../template/template.ts';

/** One template, with where it goes. */
export interface StackTemplate {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Plain JSON; may be changed before it is deployed. */
  readonly template: Template;
  /** Names of stacks that are deployed before. */
  readonly dependsOn?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
}

const stackSchema = v.object({
  type: v.literal('aws:cloudformation:stack'),
  environment: v.string(),
  properties: v.object({
    templateFile: v.string(),
    stackName: v.optional(v.string()),
    parameters: v.optional(v.record(v.string(), v.string()), {}),
  }),
  dependencies: v.optional(v.array(v.string()), []),
});

const manifestSchema = v.object({
  artifacts: v.record(
    v.string(),
    v.variant('type', [
      stackSchema,
      v.object({
        type: v.picklist(['cdk:asset-manifest', 'cdk:cloud-assembly', 'cdk:tree', 'cdk:feature-flag-report']),
      }),
    ]),
  ),
});

/**
 * The stacks of an assembly, without those of nested ones, which pipelines deploy.
 *
 * @throws when the manifest is not one, or a stack has no account and region
 */
export function readAssembly(directory: string): StackTemplate[] {
  const { artifacts } = v.parse(manifestSchema, readJson(directory, 'manifest.json'));
  const stacks = Object.entries(artifacts).flatMap(([id, artifact]) =>
    artifact.type === 'aws:cloudformation:stack' ? [[id, artifact] as const] : [],
  );
  const names = new Map(stacks.map(([id, { properties }]) => [id, properties.stackName ?? id]));
  return stacks.map(([id, { environment, properties, dependencies }]) => {
    const [, account = '', region = ''] = /^aws:\/\/(\d{12})\/([a-z0-9-]+)$/.exec(environment) ?? [];
    if (account === '') {
      throw new Error(`expected stack ${id} to have an account and a region, found ${environment}`);
    }
    return {
      name: names.get(id) ?? id,
      account,
      region,
      template: v.parse(v.record(v.string(), v.unknown()), readJson(directory, properties.templateFile)),
      dependsOn: dependencies.flatMap((dependency) => names.get(dependency) ?? []),
      parameters: properties.parameters,
    };
  });
}

function readJson(directory: string, file: string): unknown {
  return JSON.parse(readFileSync(join(directory, file), 'utf8'));
}
