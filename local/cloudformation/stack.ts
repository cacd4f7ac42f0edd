// The life of one stack: what its template says is checked, then made in the order of dependence.
import { isDeepStrictEqual } from 'node:util';
import { excessesOf, excessesOfTemplate, templateOf } from '../../infra/checks/limits.ts';
import { AwsError } from '../aws/aws-error.ts';
import { denialMessage } from '../aws/iam/denial.ts';
import { PolicyError } from '../aws/iam/policy-error.ts';
import type { Caller } from '../aws/iam/principal.ts';
import { Authorizer } from '../aws/state/access.ts';
import type { StackTemplate } from './cdk/assembly.ts';
import type { DeployedResource, DeployedStack, Deployment } from './deployment.ts';
import { DeploymentError, type Place, TemplateError } from './deployment-error.ts';
import type { ApiCall, Prepared, ResourceContext, ResourceKind } from './resource-kind/resource-kind.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import { checkRules } from './template/conditions.ts';
import { referencesIn, resolve, type Scope, text } from './template/intrinsics.ts';
import { inOrder } from './template/order.ts';
import { parameterValues } from './template/parameters.ts';
import { scopeOf } from './template/scope.ts';
import { type CheckedTemplate, checkTemplate, type ResourceDeclaration } from './template/template.ts';

/** Creates or updates a stack. @throws DeploymentError */
export function changeStack(deployment: Deployment, stack: StackTemplate, caller?: Caller): DeployedStack {
  const { name, account, region } = stack;
  const before = deployment.stack(account, region, name);
  const id = before?.id ?? `arn:aws:cloudformation:${region}:${account}:stack/${name}/${crypto.randomUUID()}`;
  const at = (place: Omit<Place, 'stack'>): Place => ({ stack: name, ...place });
  const who = caller ?? { type: 'Account' as const, accountId: account, arn: `arn:aws:iam::${account}:root` };
  const authorizer = new Authorizer(
    deployment.world,
    { caller: who },
    {
      'aws:RequestedRegion': region,
      'aws:SecureTransport': 'true',
    },
  );

  const template = locate(at({}), () => readTemplate(stack));
  const made = new Map<string, DeployedResource>();
  const scope = locate(at({}), () => {
    const parameters = parameterValues(template, stack.parameters ?? {}, (parameter) =>
      storedParameter(deployment, stack, parameter),
    );
    const scope = scopeOf({ name, account, region, id }, template, parameters, made, deployment);
    checkRules(template, scope);
    return scope;
  });
  const declared = locate(at({}), () => declaredResources(template, scope));
  const order = locate(at({}), () => creationOrder(template, declared, scope));

  // Resources see those that were made before them in the same stack.
  deployment.put({
    name,
    account,
    region,
    id,
    resources: made,
    outputs: new Map(),
    exports: new Map(),
    accesses: [],
  });
  for (const logicalId of order) {
    const resource = declared.get(logicalId);
    if (resource === undefined) continue;
    const { Type: type, Properties, DeletionPolicy = 'Delete' } = resource;
    const place = at({ resource: `${logicalId} (${type})` });
    const context: ResourceContext = {
      world: deployment.world,
      deployment,
      account,
      region,
      stack: name,
      logicalId,
      caller: who,
      authorize: (action, resource, facts) => authorize(authorizer, [action, resource, facts ?? {}]),
    };
    locate(place, () => {
      const kind = kindOf(type);
      const properties = resolve(Properties, scope) as Record<string, unknown>;
      const sizes = excessesOf({ id: logicalId, type, properties }, templateOf(JSON.stringify(template)));
      if (sizes[0] !== undefined) throw new TemplateError(sizes[0].description);
      const prepared = kind.prepare(properties, context);
      if (caller !== undefined && prepared.calls === undefined) {
        throw new TemplateError(
          `which API calls CloudFormation makes for ${type} is not known here, so it is deployed by administrators only`,
        );
      }
      apply(prepared, properties, before?.resources.get(logicalId), context);
      made.set(logicalId, {
        stack: name,
        logicalId,
        type,
        account,
        region,
        ...prepared.identity,
        properties,
        deletionPolicy: DeletionPolicy,
      });
    });
  }
  const { outputs, exports } = locate(at({}), () => outputsOf(template, scope, deployment, stack));
  const deployed: DeployedStack = {
    name,
    account,
    region,
    id,
    resources: made,
    outputs,
    exports,
    accesses: caller === undefined ? [] : authorizer.accesses,
  };
  deployment.put(deployed);
  return deployed;
}

function readTemplate({ template, region }: StackTemplate): CheckedTemplate {
  if (!/^[a-z]{2}-[a-z]+-\d$/.test(region)) {
    throw new TemplateError(`the embedded AWS has regions of the partition aws only, not ${region}`);
  }
  const [excess] = excessesOfTemplate(templateOf(JSON.stringify(template, null, 1)));
  if (excess !== undefined) throw new TemplateError(excess.description);
  const checked = checkTemplate(template);
  if (Object.keys(checked.Resources).length === 0) {
    throw new TemplateError('Template format error: At least one Resources member must be defined.');
  }
  return checked;
}

/** The resources whose conditions hold. */
function declaredResources(
  template: CheckedTemplate,
  scope: Scope,
): ReadonlyMap<string, ResourceDeclaration> {
  for (const name of Object.keys(template.Conditions)) scope.condition(name);
  return new Map(
    Object.entries(template.Resources).filter(
      ([, { Condition }]) => Condition === undefined || scope.condition(Condition),
    ),
  );
}

/** @throws TemplateError for references to what is not there, and for circles */
function creationOrder(
  template: CheckedTemplate,
  declared: ReadonlyMap<string, ResourceDeclaration>,
  scope: Scope,
): string[] {
  const dependencies = new Map(
    [...declared].map(([logicalId, { Properties, DependsOn }]) => {
      const named = referencesIn(Properties, scope.condition).map(({ name }) => name);
      const references = named.filter(
        (name) => !Object.hasOwn(template.Parameters, name) && !name.startsWith('AWS::'),
      );
      const [missing] = references.filter((reference) => !declared.has(reference));
      if (missing !== undefined) {
        throw new TemplateError(
          `Template format error: Unresolved resource dependencies [${missing}] in the Resources block of the template`,
          logicalId,
        );
      }
      const unknown = DependsOn.find((name) => !Object.hasOwn(template.Resources, name));
      if (unknown !== undefined) {
        throw new TemplateError(
          `Template format error: Unresolved resource dependencies [${unknown}] in the Resources block of the template`,
          `${logicalId}.DependsOn`,
        );
      }
      return [logicalId, [...references, ...DependsOn.filter((name) => declared.has(name))]] as const;
    }),
  );
  return inOrder(dependencies.keys(), (logicalId) => dependencies.get(logicalId) ?? [], 'resources');
}

function kindOf(type: string): ResourceKind {
  const kind = RESOURCE_KINDS[type];
  if (kind !== undefined) return kind;
  const known = Object.keys(RESOURCE_KINDS).join(', ');
  throw new TemplateError(`resources of type ${type} are not known here; known are ${known}`);
}

/** Makes a resource, changes it, or leaves it as it is. */
function apply(
  { identity, calls, create, update }: Prepared,
  properties: Readonly<Record<string, unknown>>,
  before: DeployedResource | undefined,
  context: ResourceContext,
): void {
  const ask = (list: readonly ApiCall[] = []): void => {
    for (const [action, resource, facts] of list) context.authorize(action, resource, facts);
  };
  if (before === undefined) {
    ask(calls?.create);
    create();
  } else if (!isDeepStrictEqual(before.properties, properties)) {
    if (update === undefined || before.ref !== identity.ref) {
      throw new TemplateError(
        'cannot be changed here: only resources that keep their name, of some types, can',
      );
    }
    ask(calls?.update);
    update(before.properties);
  }
}

function outputsOf(
  template: CheckedTemplate,
  scope: Scope,
  deployment: Deployment,
  { name: stack, account, region }: StackTemplate,
): { outputs: ReadonlyMap<string, string>; exports: ReadonlyMap<string, string> } {
  const outputs = new Map<string, string>();
  const exports = new Map<string, string>();
  for (const [name, { Value, Export, Condition }] of Object.entries(template.Outputs)) {
    if (Condition !== undefined && !scope.condition(Condition)) continue;
    const path = `Outputs.${name}`;
    const value = text(resolve(Value, scope, path), path);
    outputs.set(name, value);
    if (Export === undefined) continue;
    const exported = text(resolve(Export.Name, scope, path), path);
    const owner = deployment.stacks.find(
      (other) =>
        other.name !== stack &&
        other.account === account &&
        other.region === region &&
        other.exports.has(exported),
    );
    if (owner !== undefined || exports.has(exported)) {
      throw new TemplateError(
        `Export with name ${exported} is already exported by stack ${owner?.name ?? stack}.`,
        path,
      );
    }
    exports.set(exported, value);
  }
  return { outputs, exports };
}

/** The value of a parameter in the Parameter Store that a stack of the account and region has made. */
function storedParameter(
  deployment: Deployment,
  { account, region }: StackTemplate,
  name: string,
): string | undefined {
  const found = deployment
    .resourcesOf('AWS::SSM::Parameter')
    .find((each) => each.account === account && each.region === region && each.ref === name);
  return found === undefined ? undefined : String(found.properties.Value);
}

/** @throws AwsError with the words of IAM unless it is allowed */
function authorize(authorizer: Authorizer, [action, resource, facts]: ApiCall): void {
  const { request, decision } = authorizer.decide(action, resource, facts);
  if (decision.effect !== 'Allow') {
    throw new AwsError(403, 'AccessDenied', denialMessage(request, decision));
  }
}

/** Says where something was refused. */
function locate<Result>(place: Place, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof TemplateError) {
      const property = error.path === '' ? {} : { property: error.path };
      throw new DeploymentError({ ...place, ...property }, error.message, { cause: error });
    }
    if (error instanceof AwsError || error instanceof PolicyError) {
      const code = error instanceof AwsError ? ` (${error.code})` : '';
      throw new DeploymentError(place, `${error.message}${code}`, { cause: error });
    }
    throw error;
  }
}
