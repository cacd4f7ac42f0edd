// What every kind of resource says: which properties it has, how it is named, and how it is made in the embedded AWS.
import type * as v from 'valibot';
import type { Facts } from '../../aws/iam/policy.ts';
import type { Caller } from '../../aws/iam/principal.ts';
import type { Access } from '../../aws/state/access.ts';
import type { World } from '../../aws/state/world.ts';
import type { Deployment } from '../deployment.ts';
import { parse } from '../template/template.ts';

/** What identifies a resource. */
export interface Identity {
  /** What Ref gives. */
  readonly ref: string;
  /** What Fn::GetAtt gives. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Where a resource is made, and by whom. */
export interface ResourceContext {
  readonly world: World;
  readonly deployment: Deployment;
  readonly account: string;
  readonly region: string;
  readonly stack: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly caller: Caller;
  /** Decides an API call of the caller. @throws AwsError as the service answers who is denied */
  authorize(action: string, resource: string, facts?: Facts): void;
  /** Decides what a service asks in its own name, or in that of a role. */
  decide(caller: Caller, action: string, resource: string, facts?: Facts): Access;
}

/** An API call that CloudFormation makes for a resource. */
export type ApiCall = readonly [action: string, resource: string, facts?: Facts | undefined];

/** The API calls that CloudFormation makes in the life of a resource, each list in order. */
interface ApiCalls<Properties> {
  readonly create: readonly ApiCall[];
  /** After it was made or changed, for its attributes and state. */
  readonly read: readonly ApiCall[];
  /** Those that take a resource from what it was before. */
  readonly update: (before: Properties) => readonly ApiCall[];
  readonly delete: readonly ApiCall[];
}

/** How a kind of resource is defined. */
interface Definition<Schema extends v.GenericSchema, Properties = v.InferOutput<Schema>> {
  /** All properties that are known; others are refused. */
  readonly properties: Schema;
  identify(properties: Properties, context: ResourceContext): Identity;
  /** Refuses what the service refuses, before it is made or changed. @throws AwsError, PolicyError */
  check?(properties: Properties, identity: Identity, context: ResourceContext): void;
  /** Makes it, or changes it in place, where both are the same. @throws AwsError, PolicyError */
  put?(properties: Properties, identity: Identity, context: ResourceContext): void;
  /** Makes it. Kinds with neither this nor `put` are only recorded, so they can be changed and deleted. @throws AwsError, PolicyError */
  create?(properties: Properties, identity: Identity, context: ResourceContext): void;
  /** Changes it in place. */
  update?(properties: Properties, identity: Identity, context: ResourceContext, before: Properties): void;
  delete?(properties: Properties, identity: Identity, context: ResourceContext): void;
  /** Known for kinds that can be deployed under a service role. */
  calls?(properties: Properties, identity: Identity, context: ResourceContext): ApiCalls<Properties>;
}

/** A resource whose properties are known to be valid, ready to be made. */
export interface Prepared {
  readonly identity: Identity;
  readonly create: () => void;
  /** Undefined for kinds that cannot be changed here. */
  readonly update: ((before: unknown) => void) | undefined;
  /** Undefined for kinds that cannot be deleted here. */
  readonly delete: (() => void) | undefined;
  readonly calls: ApiCalls<unknown> | undefined;
}

/** A kind of resource. */
export interface ResourceKind {
  /** @throws TemplateError for properties that AWS does not take, or that are not known here */
  prepare(properties: unknown, context: ResourceContext): Prepared;
}

/** Makes a kind of its definition. */
export function resourceKind<Schema extends v.GenericSchema>(definition: Definition<Schema>): ResourceKind {
  const { check, put, create = put, update = put, delete: remove } = definition;
  const read = (given: unknown): v.InferOutput<Schema> =>
    parse(definition.properties, given, 'Properties validation failed');
  return {
    prepare(given, context) {
      const properties = read(given);
      const identity = definition.identify(properties, context);
      const calls = definition.calls?.(properties, identity, context);
      return {
        identity,
        create() {
          check?.(properties, identity, context);
          create?.(properties, identity, context);
        },
        update:
          create !== undefined && update === undefined
            ? undefined
            : (before) => {
                check?.(properties, identity, context);
                update?.(properties, identity, context, read(before));
              },
        delete:
          create !== undefined && remove === undefined
            ? undefined
            : () => remove?.(properties, identity, context),
        calls: calls && { ...calls, update: (before) => calls.update(read(before)) },
      };
    },
  };
}
