// The names that CloudFormation gives to resources that have none, and the ARNs that follow from names.
import { createHash } from 'node:crypto';
import type { ResourceContext } from './resource-kind.ts';

/** Length of what CloudFormation appends to make a name unique. */
const SUFFIX = 12;

/**
 * The given name, or `STACK-LOGICALID-SUFFIX` in at most `max` characters: where it would be longer, stack and logical id get half
 * of the room each, the stack the odd character (as names on AWS show; it is not documented). What one does not
 * need, the other gets. The suffix follows from the ids of stack and resource, so that every deployment of the same stacks has the same.
 */
export function physicalName(given: string | undefined, context: ResourceContext, max: number): string {
  if (given !== undefined) return given;
  const { stack, logicalId } = context;
  const room = max - SUFFIX - 2;
  const forId = Math.max(Math.floor(room / 2), room - stack.length);
  const id = logicalId.slice(0, forId);
  const suffix = digest(context).slice(0, SUFFIX).toUpperCase();
  return `${stack.slice(0, room - id.length)}-${id}-${suffix}`;
}

/** An id of the form that many services give: a UUID, the same for every deployment. */
export function physicalId(context: ResourceContext): string {
  return asUuid(digest(context));
}

/** The ARN of a resource of the account and region. */
export function regionalArn(
  service: string,
  resource: string,
  { account, region }: Pick<ResourceContext, 'account' | 'region'>,
): string {
  return `arn:aws:${service}:${region}:${account}:${resource}`;
}

/** The ARN of a new stack; `generation` tells it from those of the same name before it. */
export function stackArn(account: string, region: string, name: string, generation: number): string {
  const id = createHash('sha256').update([account, region, name, generation].join('/')).digest('hex');
  return `arn:aws:cloudformation:${region}:${account}:stack/${name}/${asUuid(id)}`;
}

function asUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

function digest({ stackId, logicalId }: ResourceContext): string {
  return createHash('sha256').update(`${stackId}/${logicalId}`).digest('hex');
}
