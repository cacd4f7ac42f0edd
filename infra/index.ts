// The public API of the package: constructs for your own CDK app. Everything else in it may change between minor versions.

// biome-ignore-start lint/performance/noBarrelFile: this file is what `import … from 'codepipeline-artifact-sync'` means
export type { DestinationSets, SyncSetBucket } from './constructs/destination-sets.ts';
export {
  type LatencyThreshold,
  SyncArtifactsAlarms,
  type SyncArtifactsAlarmsProps,
} from './constructs/observability/sync-alarms.ts';
export {
  SyncArtifactsDashboard,
  type SyncArtifactsDashboardProps,
} from './constructs/observability/sync-dashboard.ts';
export {
  SyncArtifactsAction,
  type SyncArtifactsActionProps,
  type SyncArtifactsVariables,
} from './constructs/sync-artifacts-action.ts';
export {
  SyncArtifactsFunction,
  type SyncArtifactsFunctionProps,
} from './constructs/sync-artifacts-function.ts';
export { SyncArtifactsStep, type SyncArtifactsStepProps } from './constructs/sync-artifacts-step.ts';
export type { BucketSet, SyncBucket } from './constructs/sync-buckets.ts';
export type { SyncDestination, SyncOptions } from './constructs/user-parameters.ts';
// biome-ignore-end lint/performance/noBarrelFile: this file is what `import … from 'codepipeline-artifact-sync'` means
