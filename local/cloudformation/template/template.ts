// What a CloudFormation template is made of (CloudFormation user guide, template anatomy); anything else is refused.
import * as v from 'valibot';
import { TemplateError } from '../deployment-error.ts';
import { number, oneOrMany } from '../resource-kind/properties.ts';

const json = v.record(v.string(), v.unknown());
const keep = v.optional(v.picklist(['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot']));

const parameterSchema = v.strictObject({
  Type: v.string(),
  Default: v.optional(v.union([v.string(), v.number(), v.boolean()])),
  AllowedValues: v.optional(v.array(v.union([v.string(), v.number(), v.boolean()]))),
  AllowedPattern: v.optional(v.string()),
  MinLength: v.optional(number),
  MaxLength: v.optional(number),
  MinValue: v.optional(number),
  MaxValue: v.optional(number),
  NoEcho: v.optional(v.union([v.boolean(), v.picklist(['true', 'false'])])),
  Description: v.optional(v.string()),
  ConstraintDescription: v.optional(v.string()),
});

const resourceSchema = v.strictObject({
  Type: v.string(),
  Properties: v.optional(json, {}),
  DependsOn: v.optional(oneOrMany(v.string()), []),
  Condition: v.optional(v.string()),
  DeletionPolicy: keep,
  UpdateReplacePolicy: keep,
  Metadata: v.optional(json),
});

const ruleSchema = v.strictObject({
  RuleCondition: v.optional(v.unknown()),
  Assertions: v.array(v.strictObject({ Assert: v.unknown(), AssertDescription: v.optional(v.string()) })),
});

const outputSchema = v.strictObject({
  Value: v.unknown(),
  Description: v.optional(v.string()),
  Export: v.optional(v.strictObject({ Name: v.unknown() })),
  Condition: v.optional(v.string()),
});

const templateSchema = v.strictObject({
  AWSTemplateFormatVersion: v.optional(v.literal('2010-09-09')),
  Description: v.optional(v.pipe(v.string(), v.maxBytes(1024))),
  Metadata: v.optional(json),
  Parameters: v.optional(v.record(v.string(), parameterSchema), {}),
  Rules: v.optional(v.record(v.string(), ruleSchema), {}),
  Mappings: v.optional(v.record(v.string(), v.record(v.string(), json)), {}),
  Conditions: v.optional(v.record(v.string(), v.unknown()), {}),
  Resources: v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{1,255}$/)), resourceSchema),
  Outputs: v.optional(v.record(v.string(), outputSchema), {}),
});

/** A template as plain JSON, before it is checked. */
export type Template = Readonly<Record<string, unknown>>;
/** A template whose sections are known to be what they should be. */
export type CheckedTemplate = v.InferOutput<typeof templateSchema>;
/** A parameter as a template declares it. */
export type ParameterDeclaration = v.InferOutput<typeof parameterSchema>;
/** A resource as a template declares it. */
export type ResourceDeclaration = v.InferOutput<typeof resourceSchema>;

/** @throws TemplateError for sections or attributes that CloudFormation does not know, or that are not known here. */
export function checkTemplate(template: Template): CheckedTemplate {
  return parse(templateSchema, template, 'Template format error');
}

/** Parses by a schema. @throws TemplateError with the path, what was given and what is expected */
export function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TemplateError(`${what}: ${issue.message}`, v.getDotPath(issue) ?? '');
}
