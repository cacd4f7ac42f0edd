// Makes, changes or deletes one resource of a stack: asks IAM for CloudFormation's API calls, then acts.
import { isDeepStrictEqual } from 'node:util';
import { excessesOf, templateOf } from '../../infra/checks/limits.ts';
import { AwsError } from '../aws/aws-error.ts';
import { denialMessage } from '../aws/iam/denial.ts';
import { type Access, decideAccess } from '../aws/state/access.ts';
import type { DeployedResource } from './deployment.ts';
import { TemplateError } from './deployment-error.ts';
import type { ApiCall, Prepared, ResourceContext, ResourceKind } from './resource-kind/resource-kind.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';

/** Who deploys, where, and who hears what IAM decides. */
export interface Deployer
  extends Pick<ResourceContext, 'deployment' | 'stack' | 'stackId' | 'account' | 'region' | 'caller'> {
  /** The resources that the stack had before, by logical id. */
  readonly previous: ReadonlyMap<string, DeployedResource>;
  /** Only what CloudFormation is known to call for a type can be decided, so administrators alone deploy the rest. */
  readonly administrator: boolean;
  readonly onAccess: (access: Access) => void;
}

/** A resource as it should be. */
interface WantedResource {
  readonly logicalId: string;
  readonly type: string;
  /** Resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string;
}

/** A change that was made, and how to take it back. */
export interface Change {
  readonly resource: DeployedResource;
  /** Undefined where nothing changed. */
  readonly undo: (() => void) | undefined;
}

/**
 * Makes a resource, or changes what it was before, or leaves it. `onChange` hears of it as soon as there is something to
 * take back, which CloudFormation may still find that it cannot read.
 *
 * @throws AwsError, PolicyError, TemplateError
 */
export function changeResource(
  deployer: Deployer,
  wanted: WantedResource,
  onChange: (change: Change) => void,
): void {
  const { logicalId, type, properties } = wanted;
  const prepared = prepare(deployer, wanted);
  const { stack, account, region } = deployer;
  const resource: DeployedResource = { stack, account, region, ...wanted, ...prepared.identity };
  const [excess] = excessesOf({ id: logicalId, type, properties }, templateOf('{}'));
  if (excess !== undefined) throw new TemplateError(excess.description);

  const before = deployer.previous.get(logicalId);
  if (before === undefined) {
    requireNew(deployer, resource);
    ask(deployer, prepared.calls?.create);
    prepared.create();
    onChange({ resource, undo: () => undoCreation(deployer, resource) });
  } else if (before.type === type && isDeepStrictEqual(before.properties, properties)) {
    onChange({ resource, undo: undefined });
    return;
  } else {
    update(deployer, prepared, resource, before);
    onChange({ resource, undo: () => update(deployer, prepare(deployer, before), before, resource) });
  }
  ask(deployer, prepared.calls?.read);
}

/** What is retained in any case, a rollback leaves where it is. */
function undoCreation(deployer: Deployer, resource: DeployedResource): void {
  if (resource.deletionPolicy !== 'Retain') deleteResource(deployer, resource);
}

/** Deletes a resource. @throws AwsError, TemplateError */
export function deleteResource(deployer: Deployer, resource: DeployedResource): void {
  const prepared = prepare(deployer, resource);
  if (prepared.delete === undefined) {
    throw new TemplateError(`resources of type ${resource.type} cannot be deleted here`);
  }
  ask(deployer, prepared.calls?.delete);
  prepared.delete();
}

function update(
  deployer: Deployer,
  { calls, update: change }: Prepared,
  to: DeployedResource,
  from: DeployedResource,
): void {
  if (change === undefined || from.ref !== to.ref || from.type !== to.type) {
    throw new TemplateError(
      `${from.type} ${from.ref} cannot be changed here: only some types can, and only without another name`,
    );
  }
  ask(deployer, calls?.update(from.properties));
  change(from.properties);
}

function prepare(deployer: Deployer, { type, properties, logicalId }: WantedResource): Prepared {
  const prepared = kindOf(type).prepare(properties, contextOf(deployer, logicalId));
  if (!deployer.administrator && prepared.calls === undefined) {
    throw new TemplateError(
      `which API calls CloudFormation makes for ${type} is not known here, so only administrators deploy it`,
    );
  }
  return prepared;
}

/** What is there already is not made again, whichever stack has made it, and be it under another logical id. */
function requireNew(
  { deployment, previous }: Deployer,
  { type, account, region, ref }: DeployedResource,
): void {
  const owner = [...deployment.resourcesOf(type), ...previous.values()].find(
    (other) =>
      other.type === type && other.account === account && other.region === region && other.ref === ref,
  );
  if (owner === undefined) return;
  throw new AwsError(
    400,
    'AlreadyExists',
    `${ref} already exists in stack ${owner.stack}, made of ${owner.logicalId}`,
  );
}

function ask(deployer: Deployer, calls: readonly ApiCall[] = []): void {
  for (const call of calls) authorize(deployer, call);
}

/** @throws AwsError with the words of IAM unless it is allowed */
function authorize(
  { deployment: { world }, caller, region, onAccess }: Deployer,
  [action, resource, facts]: ApiCall,
): void {
  const all = { 'aws:RequestedRegion': region, 'aws:SecureTransport': 'true', ...facts };
  const { request, decision, access } = decideAccess(world, caller, action, resource, all);
  onAccess(access);
  if (decision.effect !== 'Allow') {
    throw new AwsError(403, 'AccessDenied', denialMessage(request, decision));
  }
}

function contextOf(deployer: Deployer, logicalId: string): ResourceContext {
  const { world } = deployer.deployment;
  return {
    ...deployer,
    world,
    logicalId,
    authorize: (action, resource, facts) => authorize(deployer, [action, resource, facts]),
    decide(who, action, resource, facts) {
      const access = world.decide(who, action, resource, facts);
      deployer.onAccess(access);
      return access;
    },
  };
}

function kindOf(type: string): ResourceKind {
  const kind = RESOURCE_KINDS[type];
  if (kind !== undefined) return kind;
  const known = Object.keys(RESOURCE_KINDS).join(', ');
  throw new TemplateError(`resources of type ${type} are not known here; known are ${known}`);
}
