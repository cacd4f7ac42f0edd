// What the CDK Pipelines app deploys to each region of an environment: a function with an asset, where your own stacks go.
import { fileURLToPath } from 'node:url';
import { RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { namesOf } from '../shape/names.ts';
import type { Environment, Topology } from '../shape/topology-rules.ts';

const CODE = fileURLToPath(new URL('code', import.meta.url));

/** One environment in one region. */
export class SampleStage extends Stage {
  /** The stack of the stage, for steps between its change set and its execution. */
  readonly workload: Stack;

  constructor(scope: Construct, topology: Topology, environment: Environment, region: string) {
    super(scope, `${environment.name}-${region}`, { env: { account: environment.account.account, region } });
    this.workload = new Stack(this, 'Workload', {
      stackName: `${namesOf(topology).workloadStack(environment.name)}-cdk`,
      description: `Sample workload of ${environment.name}`,
    });
    const role = new Role(this.workload, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logGroup: ILogGroup = new LogGroup(this.workload, 'Logs', {
      retention: RetentionDays.TWO_WEEKS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    logGroup.grantWrite(role);
    new LambdaFunction(this.workload, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(CODE),
      role,
      logGroup,
    });
  }
}
