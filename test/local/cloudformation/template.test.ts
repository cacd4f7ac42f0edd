// What a template's functions, conditions, parameters, rules, order and outputs mean, and what of them is refused.
import { describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import type { StackTemplate } from '../../../local/cloudformation/cdk/assembly.ts';
import { deployStacks } from '../../../local/cloudformation/deploy.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';
import { parseTemplate } from '../../../local/cloudformation/template/parse-template.ts';
import type { Template } from '../../../local/cloudformation/template/template.ts';
import { ACCOUNT, deploy, deployedValue, parameter, REGION, stackOf } from './stack.ts';

const sub = (text: string, variables?: object): object => ({
  'Fn::Sub': variables === undefined ? text : [text, variables],
});
const group = (name: unknown): object => ({
  Type: 'AWS::Logs::LogGroup',
  Properties: { LogGroupName: name },
});

const deployAll = (...stacks: readonly StackTemplate[]): Deployment =>
  deployStacks(new Deployment(new World()), stacks);

const CONTEXT: Template = {
  Parameters: {
    Text: { Type: 'String', Default: 'given' },
    List: { Type: 'CommaDelimitedList', Default: 'a, b,c' },
  },
  Mappings: { Sizes: { large: { memory: '1769' } } },
  Conditions: {
    Given: { 'Fn::Equals': [{ Ref: 'Text' }, 'given'] },
    NotGiven: { 'Fn::Not': [{ Condition: 'Given' }] },
    Both: { 'Fn::And': [{ Condition: 'Given' }, { Condition: 'NotGiven' }] },
    Either: { 'Fn::Or': [{ Condition: 'Given' }, { Condition: 'NotGiven' }] },
  },
  Resources: { Logs: group('/logs/x') },
};

describe('an intrinsic function', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref of a parameter', { Ref: 'Text' }, 'given'],
    ['Ref of a resource', { Ref: 'Logs' }, '/logs/x'],
    ['Ref of the account', { Ref: 'AWS::AccountId' }, ACCOUNT],
    ['Ref of the region', { Ref: 'AWS::Region' }, REGION],
    ['Ref of the partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['Ref of the stack', { Ref: 'AWS::StackName' }, 'stack'],
    ['Ref of the suffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['GetAtt', { 'Fn::GetAtt': ['Logs', 'Arn'] }, `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/logs/x:*`],
    [
      'GetAtt as one text',
      { 'Fn::GetAtt': 'Logs.Arn' },
      `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/logs/x:*`,
    ],
    ['Sub', sub(`\${Text} in \${AWS::Region}: \${Logs}`), `given in ${REGION}: /logs/x`],
    ['Sub of an attribute', sub(`<\${Logs.Arn}>`), `<arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/logs/x:*>`],
    ['Sub with variables', sub(`\${a}\${Text}`, { a: { Ref: 'Text' } }), 'givengiven'],
    ['Sub of what is meant literally', sub(`\${!Text}`), `\${Text}`],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Text' }, 1]] }, 'a-given-1'],
    ['Join of a list', { 'Fn::Join': ['|', { Ref: 'List' }] }, 'a|b|c'],
    ['Select', { 'Fn::Select': ['1', { Ref: 'List' }] }, 'b'],
    ['Split', { 'Fn::Select': [2, { 'Fn::Split': ['/', 'x/y/z'] }] }, 'z'],
    ['Base64', { 'Fn::Base64': 'text' }, 'dGV4dA=='],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'large', 'memory'] }, '1769'],
    ['If that holds', { 'Fn::If': ['Given', 'yes', 'no'] }, 'yes'],
    ['If that does not', { 'Fn::If': ['NotGiven', { Ref: 'Missing' }, 'no'] }, 'no'],
    ['And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['NoValue in a list', { 'Fn::Join': [',', ['a', { Ref: 'AWS::NoValue' }, 'b']] }, 'a,b'],
  ])('%s is resolved', (_name, value, expected) => {
    expect(deployedValue(value, CONTEXT)).toBe(expected);
  });

  it('NoValue takes the property away', () => {
    const { resources } = deploy({
      Resources: {
        Logs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: { Ref: 'AWS::NoValue' } } },
      },
    });

    expect(resources.get('Logs')?.properties).toEqual({});
  });

  it.each<[string, unknown, RegExp]>([
    [
      'one that is not known',
      { 'Fn::Cidr': ['10.0.0.0/16', 1, 8] },
      /stack \/ Value\.Properties\.Value: Fn::Cidr is not supported/,
    ],
    ['one beside other keys', { Ref: 'Text', Other: 1 }, /Ref stands beside other keys: Ref, Other/],
    ['a reference to nothing', { Ref: 'Txet' }, /Unresolved resource dependencies \[Txet\]/],
    ['a reference of Sub to nothing', sub(`\${Txet.Arn}`), /Unresolved resource dependencies \[Txet\]/],
    [
      'an attribute that there is not',
      { 'Fn::GetAtt': ['Logs', 'Nra'] },
      /does not support attribute type Nra/,
    ],
    [
      'a mapping that there is not',
      { 'Fn::FindInMap': ['Sizes', 'small', 'memory'] },
      /Sizes::small::memory/,
    ],
    ['an index beyond the end', { 'Fn::Select': [3, { Ref: 'List' }] }, /nonexistent value at index 3/],
    ['a condition that there is not', { 'Fn::If': ['None', 1, 2] }, /Unresolved condition dependency None/],
    ['an export that there is not', { 'Fn::ImportValue': 'none' }, /No export named none found/],
  ])('refuses %s', (_name, value, message) => {
    expect(() => deployedValue(value, CONTEXT)).toThrow(message);
  });
});

describe('the values of other stacks', () => {
  const producer = (region = REGION): ReturnType<typeof stackOf> =>
    stackOf(
      {
        Resources: { Logs: group('/logs/producer') },
        Outputs: { Name: { Value: { Ref: 'Logs' }, Export: { Name: 'logs-name' } } },
      },
      { name: 'producer', region },
    );
  const consumer = (value: unknown): ReturnType<typeof stackOf> =>
    stackOf({ Resources: { Value: parameter(value) } }, { name: 'consumer', dependsOn: ['producer'] });

  it('are imported by export', () => {
    const deployment = deployAll(consumer({ 'Fn::ImportValue': 'logs-name' }), producer());

    expect(deployment.resource('consumer', 'Value')?.properties.Value).toBe('/logs/producer');
    expect(deployment.stack(ACCOUNT, REGION, 'producer')?.outputs.get('Name')).toBe('/logs/producer');
  });

  it('are read across regions by Fn::GetStackOutput', () => {
    const output = { StackName: 'producer', OutputName: 'Name', Region: 'us-east-1' };
    const deployment = deployAll(consumer({ 'Fn::GetStackOutput': output }), producer('us-east-1'));

    expect(deployment.resource('consumer', 'Value')?.properties.Value).toBe('/logs/producer');
  });

  it('must be there: in the region, in the account, and before', () => {
    const here = { 'Fn::GetStackOutput': { StackName: 'producer', OutputName: 'Name' } };

    expect(() => deployAll(producer('us-east-1'), consumer(here))).toThrow(
      /stack producer in eu-west-1 of account 111122223333 has no output Name/,
    );
  });

  it('are exported under a name that is free', () => {
    const other = { ...producer(), name: 'other' };

    expect(() =>
      deployAll(producer(), { ...other, template: { ...other.template, Resources: { Logs: group('/x') } } }),
    ).toThrow(/Export with name logs-name is already exported by stack producer/);
  });
});

describe('the order', () => {
  it('of resources follows Ref, GetAtt, Sub and DependsOn', () => {
    const { resources } = deploy({
      Resources: {
        D: { ...group('/d'), DependsOn: 'C' },
        C: parameter(sub(`\${B}`)),
        B: parameter({ 'Fn::GetAtt': ['A', 'Arn'] }),
        A: group('/a'),
      },
    });

    expect([...resources.keys()]).toEqual(['A', 'B', 'C', 'D']);
  });

  it('refuses a circle of resources with its path', () => {
    const circle = { A: parameter({ Ref: 'B' }), B: parameter({ Ref: 'C' }), C: parameter({ Ref: 'A' }) };

    expect(() => deploy({ Resources: circle })).toThrow(
      /Circular dependency between resources: A -> B -> C -> A/,
    );
  });

  it('refuses a circle of stacks, and of conditions', () => {
    const one = stackOf({ Resources: { A: group('/a') } }, { name: 'one', dependsOn: ['two'] });
    const two = { ...one, name: 'two', dependsOn: ['one'] };

    expect(() => deployAll(one, two)).toThrow(/between stacks: one -> two -> one/);
    expect(() =>
      deploy({
        Conditions: { A: { 'Fn::Not': [{ Condition: 'A' }] } },
        Resources: { Logs: group('/a') },
      }),
    ).toThrow(/Circular condition dependency: A/);
  });
});

describe('a condition on a resource or an output', () => {
  const template = (holds: boolean): Template => ({
    Conditions: { Wanted: { 'Fn::Equals': [String(holds), 'true'] } },
    Resources: { Always: group('/a'), Logs: { ...group('/b'), Condition: 'Wanted' } },
    Outputs: { Logs: { Condition: 'Wanted', Value: { 'Fn::GetAtt': ['Logs', 'Arn'] } } },
  });

  it.each([true, false])('decides whether it is made: %s', (holds) => {
    const { resources, outputs } = deploy(template(holds));

    expect(resources.has('Logs')).toBe(holds);
    expect(outputs.has('Logs')).toBe(holds);
  });

  it('leaves no reference to what is not made', () => {
    const { Resources, ...rest } = template(false);

    expect(() =>
      deploy({ ...rest, Resources: { ...(Resources as object), Value: parameter({ Ref: 'Logs' }) } }),
    ).toThrow(/Unresolved resource dependencies \[Logs\]/);
  });
});

describe('a parameter', () => {
  const withParameter = (declaration: object, given?: string): unknown =>
    deployedValue(
      sub(`\${P}`),
      { Parameters: { P: declaration } },
      given === undefined ? {} : { parameters: { P: given } },
    );

  it.each<[string, object, string | undefined, string]>([
    ['has its default', { Type: 'String', Default: 'd' }, undefined, 'd'],
    ['has what is given', { Type: 'String', Default: 'd' }, 'g', 'g'],
    ['is a number', { Type: 'Number', MinValue: 1, MaxValue: 9 }, '9', '9'],
    ['is one of several', { Type: 'String', AllowedValues: ['a', 'b'] }, 'b', 'b'],
    ['matches a pattern', { Type: 'String', AllowedPattern: '[a-z]+' }, 'abc', 'abc'],
  ])('%s', (_name, declaration, given, expected) => {
    expect(withParameter(declaration, given)).toBe(expected);
  });

  it.each<[string, object, string | undefined, RegExp]>([
    ['without a value', { Type: 'String' }, undefined, /Parameters: \[P\] must have values/],
    [
      'of a value that is not one of several',
      { Type: 'String', AllowedValues: ['a'] },
      'b',
      /P has the value "b", but must be one of a/,
    ],
    [
      'that does not match as a whole',
      { Type: 'String', AllowedPattern: '[a-z]+' },
      'a1',
      /must match pattern \[a-z\]\+/,
    ],
    ['that is too short', { Type: 'String', MinLength: 3 }, 'ab', /at least 3 characters/],
    ['that is too long', { Type: 'String', MaxLength: 1 }, 'ab', /at most 1 characters/],
    ['that is no number', { Type: 'Number' }, 'one', /must be a number/],
    ['that is too small', { Type: 'Number', MinValue: 2 }, '1', /at least 2/],
    ['that is too large', { Type: 'Number', MaxValue: 2 }, '3', /at most 2/],
    [
      'that says itself what it must be',
      { Type: 'Number', MaxValue: 2, ConstraintDescription: 'must be few' },
      '3',
      /must be few/,
    ],
    [
      'of a type that is not known',
      { Type: 'AWS::EC2::VPC::Id' },
      'vpc-1',
      /of type AWS::EC2::VPC::Id are not supported/,
    ],
  ])('is refused %s', (_name, declaration, given, message) => {
    expect(() => withParameter(declaration, given)).toThrow(message);
  });

  it('is refused when the template does not have it', () => {
    expect(() => deploy({ Resources: { Logs: group('/a') } }, { parameters: { Q: '1' } })).toThrow(
      /Parameters: \[Q\] do not exist in the template/,
    );
  });

  it('is read from the Parameter Store of the account and region, where it must be', () => {
    const name = '/cdk-bootstrap/x/version';
    const stored = { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Name: name, Value: '21' } };
    const template = {
      Parameters: { V: { Type: 'AWS::SSM::Parameter::Value<String>', Default: name } },
      Resources: { Value: parameter({ Ref: 'V' }) },
    };
    const deployment = new Deployment(new World());
    deploy({ Resources: { Stored: stored } }, { name: 'bootstrap' }, deployment);

    const { resources } = deploy(template, {}, deployment);
    expect(resources.get('Value')?.properties.Value).toBe('21');
    expect(() => deploy(template, { region: 'us-east-1' }, deployment)).toThrow(
      /Unable to fetch parameters \[\/cdk-bootstrap\/x\/version\] from parameter store/,
    );
  });
});

describe('a rule', () => {
  const template = (version: string, RuleCondition?: object): Template => ({
    Parameters: { V: { Type: 'String', Default: version } },
    Rules: {
      Check: {
        ...(RuleCondition && { RuleCondition }),
        Assertions: [
          {
            Assert: { 'Fn::Not': [{ 'Fn::Contains': [['1', '2'], { Ref: 'V' }] }] },
            AssertDescription: 'version 3 is needed',
          },
        ],
      },
    },
    Resources: { Logs: group('/a') },
  });

  it('lets a stack be made whose assertions hold', () => {
    expect(deploy(template('3')).status).toBe('CREATE_COMPLETE');
  });

  it('refuses it with its description if one does not', () => {
    expect(() => deploy(template('2'))).toThrow(
      'stack / Rules.Check: Template validation error: version 3 is needed',
    );
  });

  it('is not looked at where its condition does not hold', () => {
    expect(deploy(template('2', { 'Fn::Equals': ['a', 'b'] })).status).toBe('CREATE_COMPLETE');
  });
});

describe('a template', () => {
  it.each<[string, Template, RegExp]>([
    [
      'has a section that is not known',
      { Resources: { L: group('/a') }, Hooks: {} },
      /Hooks: Template format error/,
    ],
    ['has no resources', { Resources: {} }, /At least one Resources member must be defined/],
    ['has a logical id with a dash', { Resources: { 'L-1': group('/a') } }, /Template format error/],
    [
      'gives a resource an attribute that is not known',
      { Resources: { L: { ...group('/a'), CreationPolicy: {} } } },
      /Resources\.L\.CreationPolicy/,
    ],
    [
      'depends on nothing',
      { Resources: { L: { ...group('/a'), DependsOn: ['M'] } } },
      /stack \/ L\.DependsOn: .*\[M\]/,
    ],
    [
      'has a type that is not known',
      { Resources: { Q: { Type: 'AWS::SQS::Queue' } } },
      /stack \/ Q \(AWS::SQS::Queue\): resources of type AWS::SQS::Queue are not known/,
    ],
    [
      'has a property that is not known',
      { Resources: { L: { Type: 'AWS::Logs::LogGroup', Properties: { Name: 'x' } } } },
      /L \(AWS::Logs::LogGroup\) \/ Name: Properties validation failed/,
    ],
    [
      'has over 500 resources',
      {
        Resources: Object.fromEntries(
          Array.from({ length: 501 }, (_, index) => [`L${index}`, group(`/l/${index}`)]),
        ),
      },
      /resources: 501 resources; AWS takes 500/,
    ],
    [
      'has over 1 MB',
      { Metadata: { text: 'x'.repeat(1_000_000) }, Resources: { L: group('/a') } },
      /template: 1,000,\d{3} bytes; AWS takes 1,000,000/,
    ],
  ])('is refused that %s', (_name, template, message) => {
    expect(() => deploy(template)).toThrow(message);
  });

  it('is refused for a region of another partition, whose ARNs are not those here', () => {
    expect(() => deploy({ Resources: { L: group('/a') } }, { region: 'us-gov-west-1' })).toThrow(
      /partition aws only, not us-gov-west-1/,
    );
  });
});

describe('the text of a template', () => {
  it('is YAML with short forms, nested too', () => {
    const template = parseTemplate(`
AWSTemplateFormatVersion: 2010-09-09
Resources:
  L:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Join [ /, [ !Sub '\${AWS::Region}', !Select [ 0, !Split [ ',', 'a,b' ] ], !GetAtt M.Arn, !Ref M ] ]
      RetentionInDays: !If [ Long, 30, !Ref AWS::NoValue ]
`);

    expect(template).toEqual({
      AWSTemplateFormatVersion: '2010-09-09',
      Resources: {
        L: {
          Type: 'AWS::Logs::LogGroup',
          Properties: {
            LogGroupName: {
              'Fn::Join': [
                '/',
                [
                  sub(`\${AWS::Region}`),
                  { 'Fn::Select': [0, { 'Fn::Split': [',', 'a,b'] }] },
                  { 'Fn::GetAtt': 'M.Arn' },
                  { Ref: 'M' },
                ],
              ],
            },
            RetentionInDays: { 'Fn::If': ['Long', 30, { Ref: 'AWS::NoValue' }] },
          },
        },
      },
    });
  });

  it('is JSON', () => {
    expect(parseTemplate('{ "Resources": { "A": { "Type": "T" } } }')).toEqual({
      Resources: { A: { Type: 'T' } },
    });
  });

  it.each([
    ['a tag that is not known', 'Resources: !Subb x', /Unresolved tag: !Subb/],
    ['no YAML', 'Resources: [', /Template format error/],
    ['no map', '- a', /a map of sections/],
  ])('is refused with %s', (_name, text, message) => {
    expect(() => parseTemplate(text)).toThrow(message);
  });
});
