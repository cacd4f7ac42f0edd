// As much of CodePipeline's event as the functions to compare with read.

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
