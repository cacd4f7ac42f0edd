// What doctor itself must be allowed: everything is read, but for the invocation with the check event, which changes nothing.

/** The actions by what they are on; docs/doctor.md has the same as a policy. */
export const DOCTOR_PERMISSIONS = {
  pipeline: ['codepipeline:GetPipeline', 'codepipeline:ListActionExecutions'],
  function: [
    'lambda:GetFunctionConfiguration',
    'lambda:GetFunctionEventInvokeConfig',
    'lambda:InvokeFunction',
  ],
  roles: ['iam:SimulatePrincipalPolicy'],
  artifactBucket: ['s3:GetEncryptionConfiguration'],
  destinationBuckets: [
    's3:GetBucketObjectLockConfiguration',
    's3:GetBucketPolicy',
    's3:GetBucketVersioning',
    's3:GetLifecycleConfiguration',
  ],
} as const;
