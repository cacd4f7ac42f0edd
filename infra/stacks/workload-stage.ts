// What the CDK Pipelines app deploys to each region of an environment: a stand-in for your own stacks.
import { Stack, Stage } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { namesOf } from '../shape/names.ts';
import type { Environment, Topology } from '../shape/topology-rules.ts';

/** One environment in one region. */
export class WorkloadStage extends Stage {
  /** The stack of the stage, for steps between its change set and its execution. */
  readonly workload: Stack;

  constructor(scope: Construct, topology: Topology, environment: Environment, region: string) {
    super(scope, `${environment.name}-${region}`, { env: { account: environment.account.account, region } });
    const stackName = `${namesOf(topology).workloadStack(environment.name)}-cdk`;
    this.workload = new Stack(this, 'Workload', {
      stackName,
      description: `Sample workload of ${environment.name}`,
    });
    new StringParameter(this.workload, 'Release', {
      parameterName: `/${stackName}/region`,
      stringValue: region,
      description: 'Shows that the pipeline reached this region',
    });
  }
}
