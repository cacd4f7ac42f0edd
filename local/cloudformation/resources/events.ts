// Rules of EventBridge.
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import { physicalName, regionalArn } from '../resource-kind/physical-name.ts';
import { arn, text } from '../resource-kind/properties.ts';
import { resourceKind } from '../resource-kind/resource-kind.ts';
import { requireAssumable } from '../resource-kind/service-role.ts';

const target = v.strictObject({
  Id: text(64, /^[.\-_A-Za-z0-9]+$/),
  Arn: arn(),
  RoleArn: v.optional(arn('iam')),
  Input: v.optional(text(8192)),
  InputPath: v.optional(text(256)),
  InputTransformer: v.optional(
    v.strictObject({
      InputPathsMap: v.optional(v.record(text(256, /^[A-Za-z0-9_-]+$/), text(256, /^\$/)), {}),
      InputTemplate: text(8192),
    }),
  ),
});

/** AWS::Events::Rule, on the default event bus. */
export const eventsRule = resourceKind({
  properties: v.pipe(
    v.strictObject({
      Name: v.optional(text(64, /^[.\-_A-Za-z0-9]+$/)),
      Description: v.optional(v.pipe(v.string(), v.maxLength(512))),
      EventPattern: v.optional(v.record(v.string(), v.unknown())),
      ScheduleExpression: v.optional(text(256, /^(rate|cron)\(.+\)$/)),
      State: v.optional(v.picklist(['ENABLED', 'DISABLED']), 'ENABLED'),
      Targets: v.optional(v.pipe(v.array(target), v.maxLength(5)), []),
    }),
    v.check(
      ({ EventPattern, ScheduleExpression }) => (EventPattern ?? ScheduleExpression) !== undefined,
      'a rule needs EventPattern or ScheduleExpression',
    ),
    v.check(
      ({ Targets }) => new Set(Targets.map(({ Id }) => Id)).size === Targets.length,
      'the ids of targets must be unique',
    ),
  ),
  identify({ Name }, context) {
    const name = physicalName(Name, context, 64);
    return { ref: name, attributes: { Arn: regionalArn('events', `rule/${name}`, context) } };
  },
  check({ Targets }, { attributes: { Arn: sourceArn = '' } }, context) {
    for (const { Id, Arn, RoleArn, InputTransformer } of Targets) {
      if (Arn.startsWith('arn:aws:codepipeline:') && RoleArn === undefined) {
        throw validation(`RoleArn is required for target ${Arn}.`);
      }
      if (RoleArn !== undefined) {
        requireAssumable(
          context,
          { roleArn: RoleArn, service: 'events.amazonaws.com', sourceArn },
          'ValidationException',
          `Provided role '${RoleArn}' cannot be assumed by principal 'events.amazonaws.com'.`,
        );
      }
      const used = [...(InputTransformer?.InputTemplate ?? '').matchAll(/<([\w.-]+)>/g)].map(
        ([, name]) => name ?? '',
      );
      const unknown = used.find(
        (name) =>
          !name.startsWith('aws.events.') && !Object.hasOwn(InputTransformer?.InputPathsMap ?? {}, name),
      );
      if (unknown !== undefined) {
        throw validation(
          `InputTemplate for target ${Id} contains placeholder ${unknown} that is not in InputPathsMap.`,
        );
      }
    }
  },
});

function validation(message: string): AwsError {
  return new AwsError(400, 'ValidationException', message);
}
