// Types of properties that many kinds of resources share.
import * as v from 'valibot';

/** A policy document; what it says is checked by whom it is given to. */
export const policyDocument = v.union([
  v.record(v.string(), v.unknown()),
  v.pipe(v.string(), v.minLength(2)),
]);

/** A text of at most so many characters, of this form. */
export function text(max: number, pattern = /^[\s\S]+$/) {
  return v.pipe(v.string(), v.maxLength(max), v.regex(pattern));
}

/** A number, also as the text that parameters are. */
export const number = v.union([
  v.number(),
  v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/), v.transform(Number)),
]);

/** A whole number. */
export function integer(min: number, max: number) {
  return v.pipe(number, v.integer(), v.minValue(min), v.maxValue(max));
}

/** A list, which may be written as its only item. */
export function oneOrMany<Schema extends v.GenericSchema>(schema: Schema) {
  return v.union([
    v.array(schema),
    v.pipe(
      schema,
      v.transform((one) => [one]),
    ),
  ]);
}

/** True or false, also as the text that parameters are. */
export const bool = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(['true', 'false']),
    v.transform((given) => given === 'true'),
  ),
]);

/** An ARN of any service, or of one. */
export function arn(service = '[a-z0-9-]+') {
  return v.pipe(v.string(), v.regex(new RegExp(`^arn:aws:${service}:[\\s\\S]+$`)));
}

/** Tags (CloudFormation, resource tags); `aws:` is AWS's own. */
export const tags = v.optional(
  v.pipe(
    v.array(v.strictObject({ Key: text(128, /^(?!aws:)/), Value: v.pipe(v.string(), v.maxLength(256)) })),
    v.maxLength(50),
  ),
  [],
);
