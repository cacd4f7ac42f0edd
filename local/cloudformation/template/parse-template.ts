// Reads the text of a template: JSON, or YAML with CloudFormation's short forms such as !Sub.
import * as v from 'valibot';
import { type CollectionTag, parseDocument, type ScalarTag, YAMLMap, YAMLSeq } from 'yaml';
import { TemplateError } from '../deployment-error.ts';
import type { Template } from './template.ts';

/** CloudFormation template reference: what may be written as a tag. */
const SHORT_FORMS = [
  ...[
    'Ref',
    'Condition',
    'And',
    'Base64',
    'Cidr',
    'Equals',
    'FindInMap',
    'GetAtt',
    'GetAZs',
    'GetStackOutput',
  ],
  ...[
    'If',
    'ImportValue',
    'Join',
    'Length',
    'Not',
    'Or',
    'Select',
    'Split',
    'Sub',
    'ToJsonString',
    'Transform',
  ],
];

/** @throws TemplateError with line and column of what cannot be read */
export function parseTemplate(text: string): Template {
  const document = parseDocument(text, { customTags: SHORT_FORMS.flatMap(tagsOf) });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new TemplateError(`Template format error: ${problem.message}`);
  const template: unknown = document.toJS();
  if (!Array.isArray(template) && v.is(v.record(v.string(), v.unknown()), template)) return template;
  throw new TemplateError('Template format error: a template is a map of sections');
}

/** The tag on a text, a list and a map. */
function tagsOf(name: string): (ScalarTag | CollectionTag)[] {
  const tag = `!${name}`;
  const long = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
  return [
    { tag, resolve: (text) => ({ [long]: text }) },
    ...([YAMLSeq, YAMLMap] as const).map(
      (nodeClass): CollectionTag => ({
        tag,
        collection: nodeClass === YAMLSeq ? 'seq' : 'map',
        resolve: (node) => ({ [long]: node.toJSON() as unknown }),
      }),
    ),
  ];
}
