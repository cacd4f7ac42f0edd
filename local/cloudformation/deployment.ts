// What has been deployed: stacks with their resources, outputs and exports.
import type { World } from '../aws/state/world.ts';
import { stackArn } from './resource-kind/physical-name.ts';
import type { Outputs } from './template/outputs.ts';

/** A resource of a stack. */
export interface DeployedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly account: string;
  readonly region: string;
  /** What Ref gives. */
  readonly ref: string;
  /** What Fn::GetAtt gives. */
  readonly attributes: Readonly<Record<string, string>>;
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
  | 'UPDATE_ROLLBACK_FAILED'
  | 'DELETE_FAILED';

/** A stack. */
export interface DeployedStack extends Outputs {
  readonly status: StackStatus;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Its ARN. */
  readonly id: string;
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
    return this.#named(stack)?.resources.get(logicalId);
  }

  /** The output of a stack whose name is in one account and region only. */
  output(stack: string, name: string): string | undefined {
    return this.#named(stack)?.outputs.get(name);
  }

  /** The stack of an account and region. */
  stack(account: string, region: string, name: string): DeployedStack | undefined {
    return this.#stacks.get(keyOf({ account, region, name }));
  }

  /** For the engine: the ARN of a new stack. */
  newStackArn({ account, region, name }: Pick<DeployedStack, 'account' | 'region' | 'name'>): string {
    this.#generations += 1;
    return stackArn(account, region, name, this.#generations);
  }

  /** For the engine: notes how a stack is now. */
  put(stack: DeployedStack): void {
    this.#stacks.set(keyOf(stack), stack);
  }

  /** For the engine: forgets a stack that is deleted. */
  remove(stack: DeployedStack): void {
    this.#stacks.delete(keyOf(stack));
  }

  #named(name: string): DeployedStack | undefined {
    const [only, ...others] = this.stacks.filter((stack) => stack.name === name);
    if (others.length === 0) return only;
    const places = [only, ...others].map((stack) => `${stack?.account}/${stack?.region}`);
    throw new Error(`stacks named ${name} are in ${places.join(', ')}: ask for one by account and region`);
  }
}

function keyOf({ account, region, name }: Pick<DeployedStack, 'account' | 'region' | 'name'>): string {
  return `${account}/${region}/${name}`;
}
