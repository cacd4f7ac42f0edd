// What has been deployed: stacks with their resources, outputs and exports.
import type { World } from '../aws/state/world.ts';
import { stackArn } from './resource-kind/physical-name.ts';
import type { Identity } from './resource-kind/resource-kind.ts';
import type { Outputs } from './template/outputs.ts';

/** Which stack, and where. */
export interface StackPlace {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Its ARN. */
  readonly id: string;
}

/** A resource of a stack. */
export interface DeployedResource extends Identity {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly account: string;
  readonly region: string;
  /** With everything that they refer to resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string;
}

/** CloudFormation API, StackStatus. */
export type StackStatus =
  | 'CREATE_IN_PROGRESS'
  | 'UPDATE_IN_PROGRESS'
  | 'CREATE_COMPLETE'
  | 'UPDATE_COMPLETE'
  | 'ROLLBACK_COMPLETE'
  | 'ROLLBACK_FAILED'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_ROLLBACK_FAILED';

/** A stack. */
export interface DeployedStack extends StackPlace, Outputs {
  readonly status: StackStatus;
  /** By logical id, in the order in which they were made. */
  readonly resources: ReadonlyMap<string, DeployedResource>;
  /** Why resources that the last update took out are still there, outside of the stack. */
  readonly undeleted: readonly string[];
}

/** All stacks of a world. */
export class Deployment {
  readonly world: World;
  readonly #stacks = new Map<string, DeployedStack>();
  #generations = 0;

  constructor(world: World) {
    this.world = world;
  }

  get stacks(): readonly DeployedStack[] {
    return [...this.#stacks.values()];
  }

  resourcesOf(type: string): readonly DeployedResource[] {
    return this.stacks.flatMap(({ resources }) =>
      [...resources.values()].filter((resource) => resource.type === type),
    );
  }

  /** The resource of a stack whose name is in one account and region only. */
  resource(stack: string, logicalId: string): DeployedResource | undefined {
    const [only, ...others] = this.stacks.filter(({ name }) => name === stack);
    if (others.length === 0) return only?.resources.get(logicalId);
    const places = [only, ...others].map((each) => `${each?.account}/${each?.region}`);
    throw new Error(`stacks named ${stack} are in ${places.join(', ')}: ask for one by account and region`);
  }

  /** The stack of an account and region. */
  stack(account: string, region: string, name: string): DeployedStack | undefined {
    return this.#stacks.get(keyOf({ account, region, name }));
  }

  /** For the engine: the ARN of a new stack. */
  newStackArn({ account, region, name }: Omit<StackPlace, 'id'>): string {
    this.#generations += 1;
    return stackArn(account, region, name, this.#generations);
  }

  /** For the engine: notes how a stack is now. */
  put(stack: DeployedStack): void {
    this.#stacks.set(keyOf(stack), stack);
  }
}

function keyOf({ account, region, name }: Omit<StackPlace, 'id'>): string {
  return `${account}/${region}/${name}`;
}
