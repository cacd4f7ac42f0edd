// Inserting into any JSON or YAML list changes nothing else, whatever indentation, comments and line ends are there.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { insertChecked, openDocument } from '../../../cli/adopt/document/document.ts';
import { blockText } from '../../../cli/adopt/document/yaml-document.ts';
import { insertion } from './insertion.ts';

const ITEM = { Name: 'Sync', Actions: [{ Name: 'A', Configuration: { UserParameters: '{"a":"b"}' } }] };

const stage = fc.record({
  Name: fc.string({ minLength: 1 }),
  Actions: fc.array(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 })), {
    maxLength: 3,
  }),
});
// As they are when they were JSON, which knows no -0.
const stages = fc
  .array(stage, { minLength: 2, maxLength: 5 })
  .map((list) => JSON.parse(JSON.stringify(list)) as { Name: string; Actions: object[] }[]);

it('leaves every other byte of JSON where it is', () => {
  fc.assert(
    fc.property(
      stages,
      fc.constantFrom<string | number>(0, 1, 2, 4, '\t'),
      fc.boolean(),
      (list, indent, windows) => {
        const json = JSON.stringify({ Stages: list, Other: 1 }, null, indent);
        const before = windows ? json.replaceAll('\n', '\r\n') : json;

        const after = insertChecked(before, 'file.json', ['Stages'], 1, ITEM);

        expect(insertion(before, after)).not.toBe('');
        expect(JSON.parse(after)).toEqual({ Stages: list.toSpliced(1, 0, ITEM), Other: 1 });
      },
    ),
    { numRuns: 100 },
  );
});

it('leaves every other byte of YAML where it is, comments included', () => {
  const comments = fc.array(fc.nat({ max: 200 }), { maxLength: 6 });
  fc.assert(
    fc.property(
      stages,
      fc.constantFrom(2, 3, 4),
      fc.boolean(),
      comments,
      (list, indent, indentSeq, places) => {
        const lines = blockText({ Stages: list, Other: 1 }, { indent, indentSeq }).split('\n');
        for (const place of places) {
          const at = place % lines.length;
          const margin = /^ */.exec(lines[at] ?? '')?.[0] ?? '';
          lines.splice(at, 0, `${margin}# note ${place}`);
        }
        const before = lines.join('\n');
        const wanted = openDocument(before, 'file.yaml').value as { Stages: unknown[] };

        const after = insertChecked(before, 'file.yaml', ['Stages'], 1, ITEM);

        expect(insertion(before, after)).not.toBe('');
        expect(openDocument(after, 'file.yaml').value).toEqual({
          ...wanted,
          Stages: wanted.Stages.toSpliced(1, 0, ITEM),
        });
      },
    ),
    { numRuns: 100 },
  );
});

it.each([
  ['!Ref A', { Ref: 'A' }],
  ['!GetAtt A.B.C', { 'Fn::GetAtt': ['A', 'B.C'] }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholder
  ['!Sub "x${A}"', { 'Fn::Sub': 'x${A}' }],
  ['!If [C, !Ref A, !Ref "AWS::NoValue"]', { 'Fn::If': ['C', { Ref: 'A' }, { Ref: 'AWS::NoValue' }] }],
  ['{"Fn::Base64": !Sub "y"}', { 'Fn::Base64': { 'Fn::Sub': 'y' } }],
  [
    '!GetStackOutput {StackName: s, OutputName: o}',
    { 'Fn::GetStackOutput': { StackName: 's', OutputName: 'o' } },
  ],
])('reads %s as what it means, and writes it in a form that means the same', (text, value) => {
  const read = openDocument(`Key: ${text}`, 'file.yaml').value;
  const written = openDocument(blockText(read), 'file.yaml').value;

  expect(read).toEqual({ Key: value });
  expect(written).toEqual(read);
});
