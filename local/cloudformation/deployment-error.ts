// What CloudFormation refuses: in which stack, at which resource and property, and why.
import { AwsError } from '../aws/aws-error.ts';
import { PolicyError } from '../aws/iam/policy-error.ts';

/** Where in a template something is. */
export interface Place {
  readonly stack: string;
  /** Logical id, where it is about a resource. */
  readonly resource?: string;
  /** Path of the property, such as `Properties.Policies.0`. */
  readonly property?: string;
}

/** A stack that AWS would not deploy. The message names the place, what was given, and what AWS expects. */
export class DeploymentError extends Error {
  readonly place: Place;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(place: Place, reason: string, options?: ErrorOptions) {
    const where = [place.stack, place.resource, place.property].filter((part) => part !== undefined);
    super(`${where.join(' / ')}: ${reason}`, options);
    this.name = 'DeploymentError';
    this.place = place;
    this.reason = reason;
  }
}

/** Thrown where the place is not known; whoever knows it makes a DeploymentError of it. */
export class TemplateError extends Error {
  /** Path within the resource or section. */
  readonly path: string;

  constructor(reason: string, path = '') {
    super(reason);
    this.name = 'TemplateError';
    this.path = path;
  }
}

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
