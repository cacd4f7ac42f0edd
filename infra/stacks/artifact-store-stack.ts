// The stack of one region in the tools account: its artifact store, named as the topology says.
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArtifactStore } from '../constructs/artifact-store.ts';
import { artifactReaderRoles, KEY_ARN_OUTPUT, namesOf } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';

/** The artifact store of one region. */
export class ArtifactStoreStack extends Stack {
  constructor(scope: Construct, topology: Topology, region: string) {
    const names = namesOf(topology);
    const isPrimary = region === topology.tools.primaryRegion;
    super(scope, names.stacks.artifactStore(region), {
      env: { account: topology.tools.account, region },
      description: `Artifact store of ${region}`,
    });
    const store = new ArtifactStore(this, 'Store', {
      artifactBucketName: names.artifactBucket(region),
      accessLogBucketName: names.accessLogBucket(region),
      keyAlias: names.artifactKeyAlias,
      readerRoleArns: artifactReaderRoles(topology),
      copyRegions: isPrimary ? topology.regions.map((each) => each.region) : [region],
      ...(isPrimary ? { buildBucketName: names.buildBucket } : {}),
    });
    new CfnOutput(this, 'KeyArn', {
      value: store.key.keyArn,
      description: 'Read by the stacks of the function and the pipeline, whatever their region',
    }).overrideLogicalId(KEY_ARN_OUTPUT);
  }
}
