// What every kind of resource says: which properties it has, how it is named, and how it is made in the embedded AWS.
import { createHash } from 'node:crypto';
import type * as v from 'valibot';
import type { Caller } from '../../aws/iam/principal.ts';
import type { Facts } from '../../aws/state/access.ts';
import type { World } from '../../aws/state/world.ts';
import type { Deployment } from '../deployment.ts';
import { parse } from '../template/template.ts';

/** What identifies a resource: what Ref gives, and what Fn::GetAtt gives. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Where a resource is made, and by whom. */
export interface ResourceContext {
  readonly world: World;
  readonly deployment: Deployment;
  readonly account: string;
  readonly region: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly caller: Caller;
  /** Decides an API call of the caller, and keeps it. @throws AwsError as the service answers who is denied */
  authorize(action: string, resource: string, facts?: Facts): void;
}

/** An API call that CloudFormation makes for a resource. */
export type ApiCall = readonly [action: string, resource: string, facts?: Facts];

/** The API calls that CloudFormation makes in the life of a resource. */
export interface ApiCalls {
  readonly create: readonly ApiCall[];
  readonly update: readonly ApiCall[];
  readonly delete: readonly ApiCall[];
}

/** How a kind of resource is defined. */
interface Definition<Schema extends v.GenericSchema> {
  /** All properties that are known; others are refused. */
  readonly properties: Schema;
  /** `name` makes the name that CloudFormation gives to what has none. */
  identify(properties: v.InferOutput<Schema>, context: ResourceContext): Identity;
  /** Makes it; what is absent leaves nothing but the record of the deployment. @throws AwsError, PolicyError */
  create?(properties: v.InferOutput<Schema>, identity: Identity, context: ResourceContext): void;
  /** Changes it in place. Kinds without cannot be changed here, only deployed again as they are. */
  update?(
    properties: v.InferOutput<Schema>,
    identity: Identity,
    context: ResourceContext,
    before: v.InferOutput<Schema>,
  ): void;
  delete?(properties: v.InferOutput<Schema>, identity: Identity, context: ResourceContext): void;
  /** Known for kinds that can be deployed under a service role. */
  calls?(properties: v.InferOutput<Schema>, identity: Identity, context: ResourceContext): ApiCalls;
}

/** A resource whose properties are known to be valid, ready to be made. */
export interface Prepared {
  readonly identity: Identity;
  readonly create: () => void;
  /** Undefined for kinds that cannot be changed. */
  readonly update: ((before: unknown) => void) | undefined;
  /** Undefined for kinds that cannot be deleted. */
  readonly delete: (() => void) | undefined;
  readonly calls: ApiCalls | undefined;
}

/** A kind of resource. */
export interface ResourceKind {
  /** @throws TemplateError for properties that AWS, or this deployment, does not know */
  prepare(properties: unknown, context: ResourceContext): Prepared;
}

/** Makes a kind of its definition. */
export function resourceKind<Schema extends v.GenericSchema>(definition: Definition<Schema>): ResourceKind {
  const read = (given: unknown): v.InferOutput<Schema> =>
    parse(definition.properties, given, 'Properties validation failed');
  return {
    prepare(given, context) {
      const properties = read(given);
      const identity = definition.identify(properties, context);
      return {
        identity,
        create: () => definition.create?.(properties, identity, context),
        update:
          definition.update && ((before) => definition.update?.(properties, identity, context, read(before))),
        delete: definition.delete && (() => definition.delete?.(properties, identity, context)),
        calls: definition.calls?.(properties, identity, context),
      };
    },
  };
}

/**
 * The given name, or the one that CloudFormation makes: stack, logical id and 12 characters, in at most `max` characters.
 * Here these follow from the place of the resource, so that every deployment has the same.
 */
export function physicalName(given: string | undefined, context: ResourceContext, max: number): string {
  if (given !== undefined) return given;
  const { stack, logicalId } = context;
  const suffix = digest(context).slice(0, 12).toUpperCase();
  return `${`${stack}-${logicalId}`.slice(0, max - suffix.length - 1)}-${suffix}`;
}

/** An id of the form that many services give: a UUID, the same for every deployment. */
export function physicalId(context: ResourceContext): string {
  return digest(context).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

function digest({ account, region, stack, logicalId }: ResourceContext): string {
  return createHash('sha256').update([account, region, stack, logicalId].join('/')).digest('hex');
}
