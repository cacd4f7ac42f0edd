// Parameters of the Parameter Store.
import * as v from 'valibot';
import { physicalName } from '../resource-kind/physical-name.ts';
import { text } from '../resource-kind/properties.ts';
import { resourceKind } from '../resource-kind/resource-kind.ts';

/** AWS::SSM::Parameter */
export const parameter = resourceKind({
  properties: v.strictObject({
    Name: v.optional(text(1011, /^[a-zA-Z0-9_.\-/]+$/)),
    Type: v.picklist(['String', 'StringList']),
    Value: text(4096),
    Description: v.optional(v.pipe(v.string(), v.maxLength(1024))),
    Tier: v.optional(v.picklist(['Standard', 'Advanced', 'Intelligent-Tiering'])),
  }),
  identify({ Name, Type, Value }, context) {
    return { ref: physicalName(Name, context, 1011), attributes: { Type, Value } };
  },
});
