// What every operation of a JSON service gets and gives back.
import type { Facts } from '../iam/policy.ts';
import type { Identity } from '../state/identities.ts';
import type { World } from '../state/world.ts';

/** A request to CodePipeline or KMS, authenticated but not yet authorised. */
export interface JsonRequest {
  readonly world: World;
  readonly caller: Identity;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Asks for the operation's own action. @throws AccessDeniedException */
  authorize(resource: string, facts?: Facts): void;
}

/** Does what is asked. @throws AwsError */
export type JsonOperation = (request: JsonRequest) => Record<string, unknown>;
