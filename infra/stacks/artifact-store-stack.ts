// The stack of one region in the tools account: its artifact store, named as the topology says.
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArtifactStore } from '../constructs/artifact-store.ts';
import { artifactReaderRoles, keyArnOutput, namesOf } from '../shape/names.ts';
import type { StoreRegion, Topology } from '../shape/topology-rules.ts';

/** The artifact store of one region. */
export class ArtifactStoreStack extends Stack {
  constructor(scope: Construct, topology: Topology, { region, keyGeneration }: StoreRegion) {
    const names = namesOf(topology);
    const isPrimary = region === topology.tools.primaryRegion;
    super(scope, names.stacks.artifactStore(region), {
      env: { account: topology.tools.account, region },
      description: `Artifact store of ${region}`,
    });
    const { artifactDays, releaseVersionDays } = topology.retention;
    const store = new ArtifactStore(this, 'Store', {
      artifactBucketName: names.artifactBucket(region),
      accessLogBucketName: names.accessLogBucket(region),
      keyAlias: names.artifactKeyAlias,
      readerRoleArns: artifactReaderRoles(topology, region),
      copyRegions: isPrimary ? topology.regions.map((each) => each.region) : [region],
      ...(isPrimary ? { buildBucketName: names.buildBucket } : {}),
      ...(artifactDays === undefined ? {} : { artifactExpiry: Duration.days(artifactDays) }),
      replacedBuildExpiry: Duration.days(releaseVersionDays),
      keyGeneration,
      bucketNamespace: topology.bucketNamespace,
    });
    new CfnOutput(this, 'KeyArn', {
      value: store.key.keyArn,
      description: 'Read by the stacks of the function and the pipeline, whatever their region',
    }).overrideLogicalId(keyArnOutput(topology, region));
  }
}
