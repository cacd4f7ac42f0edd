// What the functions to compare with read of CodePipeline's event, and the regions that are hard-coded in them.

/** The event of an Invoke action. */
export interface PipelineEvent {
  readonly 'CodePipeline.job': {
    readonly id: string;
    readonly data: {
      readonly actionConfiguration: { readonly configuration: { readonly UserParameters: string } };
      readonly inputArtifacts: readonly {
        readonly location: {
          readonly s3Location: { readonly bucketName: string; readonly objectKey: string };
        };
      }[];
    };
  };
}

/** Region of one of the benchmark's buckets. The original function's region was hard-coded; here it ends the bucket's name. */
export function regionOf(bucket: string): string {
  return bucket.match(/[a-z]+-[a-z]+-\d$/)?.[0] ?? 'us-east-1';
}
