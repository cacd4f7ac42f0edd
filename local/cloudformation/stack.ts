// The life of one stack: it is checked, made or changed in the order of dependence, and rolled back if something fails.
import type { Caller } from '../aws/iam/principal.ts';
import type { Access } from '../aws/state/access.ts';
import type { StackTemplate } from './cdk/assembly.ts';
import { type Change, changeResource, type Deployer, deleteResource } from './change-resource.ts';
import type { DeployedResource, DeployedStack, Deployment, StackPlace, StackStatus } from './deployment.ts';
import { DeploymentError, locate } from './deployment-error.ts';
import { checkStack, resourcesInOrder } from './template/check-stack.ts';
import { checkRules } from './template/conditions.ts';
import { object, resolve, type Scope } from './template/intrinsics.ts';
import { outputsOf } from './template/outputs.ts';
import { parameterValues } from './template/parameters.ts';
import { scopeOf } from './template/scope.ts';
import type { CheckedTemplate } from './template/template.ts';

/** In whose name a stack is deployed. */
export interface DeployOptions {
  /** Whose permissions are asked for, such as a session of a service role; the administrator of the account if absent. */
  readonly caller?: Caller;
  /** Hears every decision as it is made. */
  readonly onAccess?: (access: Access) => void;
}

/** Creates or updates a stack. @throws DeploymentError; what was made or changed before is rolled back */
export function deployStack(
  deployment: Deployment,
  stack: StackTemplate,
  { caller, onAccess = () => {} }: DeployOptions = {},
): DeployedStack {
  const { name, account, region } = stack;
  const before = deployment.stack(account, region, name);
  requireChangeable(before);
  const id = before?.id ?? deployment.newStackArn(stack);
  const place = { name, account, region, id };
  const deployer: Deployer = {
    deployment,
    stack: name,
    stackId: id,
    account,
    region,
    previous: before?.resources ?? new Map(),
    caller: caller ?? { type: 'Account', accountId: account, arn: `arn:aws:iam::${account}:root` },
    administrator: caller === undefined,
    onAccess,
  };
  const resources = new Map<string, DeployedResource>();
  const put = (status: StackStatus, more: Partial<DeployedStack> = {}): DeployedStack => {
    const now = {
      ...place,
      status,
      resources,
      outputs: new Map(),
      exports: new Map(),
      undeleted: [],
      ...more,
    };
    deployment.put(now);
    return now;
  };

  const { template, scope, declared } = readStack(deployment, stack, place, resources);
  const changes: Change[] = [];
  // Resources see those that were made before them in the same stack.
  put(before === undefined ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS', {
    outputs: before?.outputs ?? new Map(),
    exports: before?.exports ?? new Map(),
  });
  try {
    for (const { logicalId, Type: type, Properties, DeletionPolicy = 'Delete' } of declared) {
      locate({ stack: name, resource: `${logicalId} (${type})` }, () => {
        const properties = object(resolve(Properties, scope, 'Properties'), 'Properties');
        const wanted = { logicalId, type, properties, deletionPolicy: DeletionPolicy };
        changeResource(deployer, wanted, (change) => {
          changes.push(change);
          resources.set(logicalId, change.resource);
        });
      });
    }
    const outputs = locate({ stack: name }, () => outputsOf(template, scope, place, deployment));
    // What the template has no more is deleted after all else; what cannot be is left outside of the stack.
    const removed = [...deployer.previous.values()].filter(({ logicalId }) => !resources.has(logicalId));
    const undeleted = attempt(removed.reverse(), (resource) => deleteUnlessRetained(deployer, resource));
    return put(before === undefined ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE', { ...outputs, undeleted });
  } catch (error) {
    const failures = attempt([...changes].reverse(), ({ undo, resource }) => {
      locate({ stack: name, resource: resource.logicalId }, () => undo?.());
      resources.delete(resource.logicalId);
    });
    const result = failures.length === 0 ? 'COMPLETE' : 'FAILED';
    if (before === undefined) put(`ROLLBACK_${result}`);
    else deployment.put({ ...before, status: `UPDATE_ROLLBACK_${result}` });
    if (failures.length === 0 || !(error instanceof DeploymentError)) throw error;
    const reason = `${error.reason}; and it could not be rolled back: ${failures.join('; ')}`;
    throw new DeploymentError(error.place, reason, { cause: error });
  }
}

/**
 * Checks what CloudFormation checks when a change set is made: the template, its parameters and rules, what refers to
 * what, and whether the stack can be changed at all. Nothing is made, and what the services say is not known.
 *
 * @throws DeploymentError
 */
export function validateStack(deployment: Deployment, stack: StackTemplate): void {
  const before = deployment.stack(stack.account, stack.region, stack.name);
  requireChangeable(before);
  readStack(deployment, stack, { ...stack, id: before?.id ?? '' }, new Map());
}

/** A stack that is checked as far as its template says. */
interface ReadStack {
  readonly template: CheckedTemplate;
  readonly scope: Scope;
  /** In the order in which they are made. */
  readonly declared: ReturnType<typeof resourcesInOrder>;
}

function readStack(
  deployment: Deployment,
  stack: StackTemplate,
  place: StackPlace,
  resources: ReadonlyMap<string, DeployedResource>,
): ReadStack {
  return locate({ stack: stack.name }, () => {
    const template = checkStack(stack);
    const parameters = parameterValues(template, stack.parameters ?? {}, (parameter) =>
      storedParameter(deployment, stack, parameter),
    );
    const scope = scopeOf(place, template, parameters, resources, deployment);
    checkRules(template, scope);
    return { template, scope, declared: resourcesInOrder(template, scope) };
  });
}

/** CloudFormation guide, stack status codes: what a failed first creation leaves can only be deleted. */
function requireChangeable(stack: DeployedStack | undefined): void {
  if (stack === undefined || /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) return;
  throw new DeploymentError(
    { stack: stack.name },
    `Stack:${stack.id} is in ${stack.status} state and can not be updated.`,
  );
}

function deleteUnlessRetained(deployer: Deployer, resource: DeployedResource): void {
  if (resource.deletionPolicy.startsWith('Retain')) return;
  locate({ stack: resource.stack, resource: `${resource.logicalId} (${resource.type})` }, () =>
    deleteResource(deployer, resource),
  );
}

/** Acts on each, whatever becomes of the others; says what failed. */
function attempt<Item>(items: readonly Item[], act: (item: Item) => void): string[] {
  return items.flatMap((item) => {
    try {
      act(item);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

/** The value of a parameter in the Parameter Store that a stack of the account and region has made. */
function storedParameter(
  deployment: Deployment,
  { account, region }: StackTemplate,
  name: string,
): string | undefined {
  return deployment
    .resourcesOf('AWS::SSM::Parameter')
    .find((each) => each.account === account && each.region === region && each.ref === name)?.attributes
    .Value;
}
