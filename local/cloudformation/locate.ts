// Says where in a deployment something was refused.
import { AwsError } from '../aws/aws-error.ts';
import { PolicyError } from '../aws/iam/policy-error.ts';
import { DeploymentError, type Place, TemplateError } from './deployment-error.ts';

/** Acts. @throws DeploymentError for what AWS or the template's own rules refuse */
export function locate<Result>(place: Place, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof TemplateError) {
      const property = error.path === '' ? {} : { property: error.path };
      throw new DeploymentError({ ...place, ...property }, error.message, { cause: error });
    }
    if (error instanceof AwsError || error instanceof PolicyError) {
      const code = error instanceof AwsError ? ` (${error.code})` : '';
      throw new DeploymentError(place, `${error.message}${code}`, { cause: error });
    }
    throw error;
  }
}
