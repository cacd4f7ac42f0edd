// The rules of a bucket's lifecycle (S3 user guide, lifecycle configuration elements).
import * as v from 'valibot';
import type { Bucket } from '../../../aws/state/buckets.ts';
import { bool, integer, text } from '../../resource-kind/properties.ts';

const days = integer(1, 2_147_483_647);

/** What a rule may do; it does something. */
const LIFECYCLE_ACTIONS = [
  'AbortIncompleteMultipartUpload',
  'ExpirationInDays',
  'ExpiredObjectDeleteMarker',
  'NoncurrentVersionExpiration',
  'Transitions',
] as const;

const lifecycleRule = v.pipe(
  v.strictObject({
    Id: v.optional(text(255)),
    Status: v.picklist(['Enabled', 'Disabled']),
    Prefix: v.optional(v.string(), ''),
    AbortIncompleteMultipartUpload: v.optional(v.strictObject({ DaysAfterInitiation: days })),
    ExpirationInDays: v.optional(days),
    ExpiredObjectDeleteMarker: v.optional(bool),
    NoncurrentVersionExpiration: v.optional(
      v.strictObject({ NoncurrentDays: days, NewerNoncurrentVersions: v.optional(integer(1, 100)) }),
    ),
    Transitions: v.optional(
      v.array(
        v.pipe(
          v.strictObject({
            StorageClass: v.picklist([
              'INTELLIGENT_TIERING',
              'STANDARD_IA',
              'ONEZONE_IA',
              'GLACIER',
              'GLACIER_IR',
              'DEEP_ARCHIVE',
            ]),
            TransitionInDays: integer(0, 2_147_483_647),
          }),
          v.check(
            ({ StorageClass, TransitionInDays }) => !StorageClass.endsWith('_IA') || TransitionInDays >= 30,
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA' and 'ONEZONE_IA'",
          ),
        ),
      ),
    ),
  }),
  v.check(
    (rule) => LIFECYCLE_ACTIONS.some((action) => rule[action] !== undefined),
    'At least one action needs to be specified in a rule',
  ),
  v.check(
    (rule) => rule.ExpirationInDays === undefined || rule.ExpiredObjectDeleteMarker === undefined,
    'ExpiredObjectDeleteMarker cannot be specified with ExpirationInDays',
  ),
);

/** The rules; their ids, where they have any, are unique. */
export const lifecycleRules = v.pipe(
  v.array(lifecycleRule),
  v.minLength(1),
  v.maxLength(1000),
  v.check((rules) => {
    const ids = rules.flatMap(({ Id }) => Id ?? []);
    return new Set(ids).size === ids.length;
  }, 'Rule ID must be unique'),
);

/** The rules as far as a bucket of the embedded AWS has them. */
export function toLifecycle(rules: v.InferOutput<typeof lifecycleRules>): Bucket['lifecycleRules'] {
  return rules.map((rule, index) => ({
    id: rule.Id ?? `rule-${index + 1}`,
    status: rule.Status,
    prefix: rule.Prefix,
    ...(rule.AbortIncompleteMultipartUpload && {
      abortIncompleteUploadAfterDays: rule.AbortIncompleteMultipartUpload.DaysAfterInitiation,
    }),
    ...(rule.ExpirationInDays !== undefined && { expireAfterDays: rule.ExpirationInDays }),
  }));
}
