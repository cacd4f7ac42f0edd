// The deployed foundation while something runs in it, and the service principals that act there.
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { EmbeddedAws } from '../../aws/embedded-aws.ts';
import type { Caller } from '../../aws/iam/principal.ts';
import type { DeployedResource, Deployment } from '../../cloudformation/deployment.ts';
import type { ChangeSet } from './actions/change-set.ts';
import { Session } from './session.ts';
import type { Steps } from './steps.ts';

/** The embedded AWS with the foundation deployed into it. */
export class Cloud implements Disposable {
  readonly aws: EmbeddedAws;
  readonly deployment: Deployment;
  readonly steps: Steps;
  /** Change sets that wait, by stack ARN. */
  readonly changeSets = new Map<string, ChangeSet>();
  /** One for all clients: connections are reused. */
  readonly requestHandler = new NodeHttpHandler();

  constructor(aws: EmbeddedAws, deployment: Deployment, steps: Steps) {
    this.aws = aws;
    this.deployment = deployment;
    this.steps = steps;
  }

  /** The deployed resource of a type that `matches`. @throws an Error that says what is missing */
  find(type: string, what: string, matches: (resource: DeployedResource) => boolean): DeployedResource {
    const found = this.deployment.resourcesOf(type).find(matches);
    if (found === undefined) throw new Error(`The deployed stacks have no ${what} (${type}).`);
    return found;
  }

  /** A session of a user whom everything is allowed in an account: only explicit denies and other accounts keep it out. */
  administrator(accountId: string, userName: string): Session {
    const identity = this.aws.world.addIdentity({
      principalArn: `arn:aws:iam::${accountId}:user/${userName}`,
      may: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    });
    return new Session(this, identity.caller, identity);
  }

  /** A service that acts on its own account, or assumes roles. */
  service(principal: string): Session {
    return new Session(this, { type: 'Service', arn: principal } satisfies Caller);
  }

  [Symbol.dispose](): void {
    this.requestHandler.destroy();
  }
}
