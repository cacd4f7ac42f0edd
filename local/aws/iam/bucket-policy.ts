// What S3 refuses in the policy of a bucket besides what IAM refuses in any.
import { compilePattern } from './pattern.ts';
import { PolicyError } from './policy-error.ts';
import { ACTIONS_OF_KEY, BUCKET_ACTIONS, OBJECT_ACTIONS } from './s3-actions.ts';

/** The parts of a valid statement that matter here. */
interface BucketStatement {
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const ACTIONS = [...BUCKET_ACTIONS, ...OBJECT_ACTIONS];

/**
 * Checks the statements of a valid policy: resources are this bucket and its objects, actions are of S3 and apply to
 * one of the resources, and actions that are named have the condition keys.
 *
 * @throws PolicyError with the words of S3
 */
export function checkBucketPolicy(document: string, bucketArn: string): void {
  const { Statement } = JSON.parse(document) as { Statement: BucketStatement | readonly BucketStatement[] };
  for (const statement of [Statement].flat()) checkStatement(statement as BucketStatement, bucketArn);
}

function checkStatement({ Action = [], Resource = [], Condition = {} }: BucketStatement, arn: string): void {
  const resources = [Resource].flat();
  const foreign = resources.find((resource) => resource !== '*' && !isOf(arn, resource));
  if (foreign !== undefined) throw new PolicyError(`Policy has invalid resource "${foreign}"`);
  const all = resources.length === 0 || resources.some((resource) => /^[^/]*\*$/.test(resource));
  const onBucket = all || resources.includes(arn);
  const onObjects = all || resources.some((resource) => resource.startsWith(`${arn}/`));
  const keys = Object.values(Condition).flatMap((comparisons) => Object.keys(comparisons));

  for (const pattern of [Action].flat()) {
    const named = actionsOf(pattern);
    if (named.length === 0) throw new PolicyError(`Policy has invalid action "${pattern}"`);
    const applies = named.some(
      (name) => (onBucket && BUCKET_ACTIONS.has(name)) || (onObjects && OBJECT_ACTIONS.has(name)),
    );
    if (!applies) {
      throw new PolicyError(`Action does not apply to any resource(s) in statement: "${pattern}"`);
    }
    const without = keys.find((key) => !named.some((name) => hasKey(name, key)));
    if (without !== undefined) {
      throw new PolicyError(
        `Conditions do not apply to combination of actions and resources in statement: "${pattern}" has no "${without}"`,
      );
    }
  }
}

function isOf(arn: string, resource: string): boolean {
  return resource === arn || resource.startsWith(`${arn}/`) || resource.startsWith(`${arn}*`);
}

function actionsOf(pattern: string): string[] {
  const matches = compilePattern(pattern, { wildcards: true, variables: false, ignoreCase: true });
  return ACTIONS.filter((name) => matches(`s3:${name}`, new Map()));
}

const ACTIONS_BY_KEY = new Map(
  Object.entries(ACTIONS_OF_KEY).map(([key, actions]) => [key.toLowerCase(), new Set(actions)]),
);

/** Whether requests for an action of S3 can have a condition key, whose name is not case-sensitive. */
export function hasKey(action: string, key: string): boolean {
  return ACTIONS_BY_KEY.get(key.toLowerCase())?.has(action) ?? true;
}
