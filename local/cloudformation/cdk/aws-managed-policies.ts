// Policies that AWS manages, as far as bootstrapping attaches them to roles.

const allow = (...Action: string[]): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

/** By ARN (AWS managed policy reference). The real ReadOnlyAccess names every service; here are those that the embedded AWS has. */
export const AWS_MANAGED_POLICIES: Readonly<Record<string, object>> = {
  'arn:aws:iam::aws:policy/AdministratorAccess': allow('*'),
  'arn:aws:iam::aws:policy/AWSCloudFormationReadOnlyAccess': allow(
    'cloudformation:Describe*',
    'cloudformation:EstimateTemplateCost',
    'cloudformation:Get*',
    'cloudformation:List*',
    'cloudformation:ValidateTemplate',
    'cloudformation:Detect*',
  ),
  'arn:aws:iam::aws:policy/ReadOnlyAccess': allow(
    ...['codepipeline', 'iam', 'kms', 'lambda'].flatMap((service) => [`${service}:Get*`, `${service}:List*`]),
    ...['kms:Describe*', 's3:Get*', 's3:List*'],
  ),
};
