// What is known of AWS regions: their partition, from aws-cdk-lib, and whether CodePipeline is there, which it does not keep.
import { RegionInfo } from 'aws-cdk-lib/region-info';

/** Every region that there is, with its partition. */
export const partitionByRegion = new Map(
  RegionInfo.regions.map((info) => [info.name, info.partition ?? 'aws']),
);

// AWS General Reference, CodePipeline endpoints, and the endpoint lists of AWS's SDKs (2026). A region that has gained
// CodePipeline since is named with `codePipeline: true` in the topology.
const WITHOUT_CODEPIPELINE: ReadonlySet<string> = new Set([
  'ap-east-2',
  'ap-southeast-7',
  'ca-west-1',
  'eu-isoe-west-1',
  'eusc-de-east-1',
  'me-west-1',
  'mx-central-1',
  'us-iso-east-1',
  'us-iso-west-1',
  'us-isob-east-1',
  'us-isob-west-1',
]);

/** Whether a pipeline can have actions, and artifact stores, in a region. Copies can go to any region. */
export function hasCodePipeline(region: string): boolean {
  return !WITHOUT_CODEPIPELINE.has(region);
}
