// The types of actions that are known: how many artifacts each takes and gives, and how it is configured.

/** What CodePipeline takes for a type of action. */
interface ActionType {
  /** Least and most. */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** Keys of the configuration that must be there, and those that may. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** By category and provider (CodePipeline user guide, pipeline structure reference and action structure reference). */
export const ACTION_TYPES: Readonly<Record<string, ActionType>> = {
  'Source S3': {
    inputs: [0, 0],
    outputs: [1, 1],
    required: ['S3Bucket', 'S3ObjectKey'],
    optional: ['PollForSourceChanges', 'AllowOverrideForS3ObjectKey'],
  },
  'Source CodeStarSourceConnection': {
    inputs: [0, 0],
    outputs: [1, 1],
    required: ['ConnectionArn', 'FullRepositoryId', 'BranchName'],
    optional: ['OutputArtifactFormat', 'DetectChanges'],
  },
  'Build CodeBuild': {
    inputs: [1, 5],
    outputs: [0, 5],
    required: ['ProjectName'],
    optional: ['PrimarySource', 'BatchEnabled', 'CombineArtifacts', 'EnvironmentVariables'],
  },
  'Invoke Lambda': {
    inputs: [0, 5],
    outputs: [0, 5],
    required: ['FunctionName'],
    optional: ['UserParameters'],
  },
  'Deploy CloudFormation': {
    inputs: [0, 10],
    outputs: [0, 1],
    required: ['ActionMode', 'StackName'],
    optional: [
      ...['Capabilities', 'ChangeSetName', 'OutputFileName', 'ParameterOverrides', 'RoleArn'],
      ...['TemplateConfiguration', 'TemplatePath'],
    ],
  },
  'Approval Manual': {
    inputs: [0, 0],
    outputs: [0, 0],
    required: [],
    optional: ['CustomData', 'ExternalEntityLink', 'NotificationArn'],
  },
};
