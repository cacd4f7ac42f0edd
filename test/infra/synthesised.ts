// Synthesises an app once and gives tests typed ways to look at its templates.
import type { App } from 'aws-cdk-lib';
import type { CloudAssembly, CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import type { Topology } from '../../infra/shape/topology-rules.ts';

/** JSON as it is. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A resource of a template. */
export interface Resource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: { readonly [key: string]: Json };
  readonly DependsOn?: Json;
  readonly Condition?: string;
}

/** A synthesised stack. */
export interface SynthesisedStack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly template: { readonly [section: string]: Json };
  readonly resources: readonly Resource[];
  readonly dependencies: readonly string[];
}

/** A synthesised app. */
export interface Synthesised {
  readonly directory: string;
  readonly stacks: readonly SynthesisedStack[];
  stack(name: string): SynthesisedStack;
}

/** Synthesises an app, stages and all. */
export function synthesise(app: App): Synthesised {
  const assembly = app.synth();
  const stacks = stacksOf(assembly).map((artifact) => {
    const template = artifact.template as { readonly [section: string]: Json };
    return {
      name: artifact.stackName,
      account: artifact.environment.account,
      region: artifact.environment.region,
      template,
      resources: Object.entries((template.Resources ?? {}) as Record<string, Omit<Resource, 'id'>>).map(
        ([id, resource]) => ({ ...resource, id, Properties: resource.Properties ?? {} }),
      ),
      dependencies: artifact.dependencies.map(({ id }) => id),
    };
  });
  return {
    directory: assembly.directory,
    stacks,
    stack(name) {
      const found = stacks.find((stack) => stack.name === name);
      if (!found)
        throw new Error(`no stack ${name}; there are ${stacks.map((stack) => stack.name).join(', ')}`);
      return found;
    },
  };
}

type Build = (topology: Topology, options: { readonly checks: boolean }) => App;
const known = new Map<Build, WeakMap<Topology, Synthesised>>();

/** The app of a topology, without the checks of its templates: synthesised once for all tests of a worker, which must not change it. */
export function synthesised(build: Build, topology: Topology): Synthesised {
  const ofBuild = known.get(build) ?? new WeakMap<Topology, Synthesised>();
  known.set(build, ofBuild);
  const app = ofBuild.get(topology) ?? synthesise(build(topology, { checks: false }));
  ofBuild.set(topology, app);
  return app;
}

function stacksOf(assembly: CloudAssembly): CloudFormationStackArtifact[] {
  return [
    ...assembly.stacks,
    ...assembly.nestedAssemblies.flatMap(({ nestedAssembly }) => stacksOf(nestedAssembly)),
  ];
}

/** Resources of a type. */
export function ofType(stack: SynthesisedStack, type: string): Resource[] {
  return stack.resources.filter((resource) => resource.Type === type);
}

/** The only resource of a type. */
export function theOnly(stack: SynthesisedStack, type: string): Resource {
  const [only, ...others] = ofType(stack, type);
  if (!only || others.length > 0)
    throw new Error(`${stack.name} has ${others.length + (only ? 1 : 0)} of ${type}`);
  return only;
}

/** The value at a path such as `Policies.0.PolicyName`, or undefined. */
export function at(json: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as { readonly [key: string]: Json })[key];
  }, json);
}

/** The text at a path; fails when there is none. */
export function textAt(json: Json | undefined, path: string): string {
  const value = at(json, path);
  if (typeof value !== 'string') throw new Error(`no text at ${path}: ${JSON.stringify(value)}`);
  return value;
}

/** The list at a path, one element if it is none, nothing if it is absent. */
export function listAt(json: Json | undefined, path: string): readonly Json[] {
  const value = at(json, path);
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Json];
}

/** Every string in some JSON, keys of objects not. */
export function stringsIn(json: Json | undefined): string[] {
  if (typeof json === 'string') return [json];
  if (typeof json !== 'object' || json === null) return [];
  return Object.values(json as Record<string, Json>).flatMap(stringsIn);
}

/** Every object in some JSON that has a key. */
export function objectsWith(json: Json | undefined, key: string): { readonly [key: string]: Json }[] {
  if (typeof json !== 'object' || json === null) return [];
  const here = !Array.isArray(json) && key in json ? [json as { readonly [key: string]: Json }] : [];
  return [
    ...here,
    ...Object.values(json as Record<string, Json>).flatMap((value) => objectsWith(value, key)),
  ];
}

/** A statement of any policy in a template. */
export interface PolicyStatement {
  readonly where: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly statement: Json;
}

/** All statements of all policies in a stack: roles, policies, buckets, keys, topics. */
export function statementsIn(stack: SynthesisedStack): PolicyStatement[] {
  return stack.resources.flatMap((resource) =>
    objectsWith(resource.Properties, 'Effect').map((statement) => ({
      where: `${stack.name}/${resource.id}`,
      effect: textAt(statement, 'Effect'),
      actions: listAt(statement, 'Action').map(String),
      statement,
    })),
  );
}
