// What every operation of a service of the query protocol gets and gives back.
import { AwsError } from '../aws-error.ts';
import type { XmlElements } from '../http/xml.ts';
import { denialMessage } from '../iam/denial.ts';
import type { Authorizer } from '../state/access.ts';
import type { Identity } from '../state/identities.ts';
import type { World } from '../state/world.ts';

/** A request, authenticated but not yet authorised. */
export interface QueryRequest {
  readonly world: World;
  readonly caller: Identity;
  readonly authorizer: Authorizer;
  /** A parameter. */
  text(name: string): string | undefined;
}

/** Does what is asked; gives the elements of the result, if it has one. @throws AwsError */
export type QueryOperation = (request: QueryRequest) => XmlElements | undefined;

/** A parameter that has to be there. @throws ValidationError */
export function required({ text }: QueryRequest, name: string): string {
  const value = text(name);
  if (value !== undefined && value !== '') return value;
  const message = `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`;
  throw new AwsError(400, 'ValidationError', message);
}

/** @throws AccessDenied with the message that IAM gives */
export function authorize({ authorizer }: QueryRequest, action: string, resource: string): void {
  const { request, decision } = authorizer.decide(action, resource);
  if (decision.effect === 'Allow') return;
  throw new AwsError(403, 'AccessDenied', denialMessage(request, decision));
}
