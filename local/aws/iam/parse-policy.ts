// Reads a policy document; what is not valid, or cannot be evaluated, is refused with the words of IAM.

import { isObject, type Json, parseObject } from '../json-object.ts';
import { parseConditions } from './conditions.ts';
import { compileArnPattern, compilePattern } from './pattern.ts';
import type { Matcher, Policy, PolicyKind, Statement, StatementReference } from './policy.ts';
import { PolicyError, unsupported } from './policy-error.ts';
import { parsePrincipals } from './principal.ts';

/** What a kind of policy has to have. */
interface Rules {
  readonly principal: boolean;
  readonly resource: boolean;
  /** IAM's own policies have Sids of letters and digits, each once; S3 and KMS take any. */
  readonly strictSids: boolean;
  /** Only actions of this service. */
  readonly service?: string;
}

const RULES: Readonly<Record<PolicyKind, Rules>> = {
  identity: { principal: false, resource: true, strictSids: true },
  'permissions-boundary': { principal: false, resource: true, strictSids: true },
  session: { principal: false, resource: true, strictSids: true },
  trust: { principal: true, resource: false, strictSids: true, service: 'sts' },
  bucket: { principal: true, resource: true, strictSids: false, service: 's3' },
  key: { principal: true, resource: true, strictSids: false, service: 'kms' },
  resource: { principal: true, resource: true, strictSids: false },
};

const ELEMENTS = ['Version', 'Id', 'Statement'];
const STATEMENT_ELEMENTS = [
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource'],
  'Condition',
];
const VERSIONS = ['2012-10-17', '2008-10-17'];

/**
 * Parses a policy, given as text or as parsed JSON. `name` says where it is, for messages and logs.
 *
 * @throws PolicyError
 */
export function parsePolicy(kind: PolicyKind, name: string, given: string | object): Policy {
  const document = typeof given === 'string' ? given : JSON.stringify(given);
  const json = parseObject(document);
  if (json === undefined) {
    throw new PolicyError("Policies must be valid JSON and the first byte must be '{'");
  }
  requireKnown(json, ELEMENTS);
  const version = json.Version ?? '2008-10-17';
  if (!VERSIONS.includes(String(version))) {
    throw new PolicyError(`The policy must contain a valid version string, found "${String(version)}"`);
  }
  const { Statement: listed } = json;
  const statements = (Array.isArray(listed) ? listed : [listed]).map((statement: unknown, index) => {
    if (!isObject(statement)) throw new PolicyError('Syntax errors in policy.');
    const sid = parseSid(statement.Sid, RULES[kind]);
    const reference = { kind, policy: name, statement: sid ?? `#${index + 1}` };
    return parseStatement(reference, statement, version === '2012-10-17');
  });
  if (statements.length === 0) throw new PolicyError('Missing required field Statement');
  if (RULES[kind].strictSids) requireUniqueSids(statements);
  return { kind, name, statements, document };
}

function parseStatement(reference: StatementReference, json: Json, variables: boolean): Statement {
  const rules = RULES[reference.kind];
  requireKnown(json, STATEMENT_ELEMENTS);
  if (json.NotPrincipal !== undefined) throw unsupported('NotPrincipal');
  if (json.Effect !== 'Allow' && json.Effect !== 'Deny') {
    throw new PolicyError(
      json.Effect === undefined ? 'Missing required field Effect' : `Invalid effect: ${String(json.Effect)}`,
    );
  }
  if (rules.principal && json.Principal === undefined) {
    throw new PolicyError('Missing required field Principal');
  }
  if (!rules.principal && json.Principal !== undefined) {
    throw new PolicyError('Policy document should not specify a principal.');
  }
  return {
    reference,
    effect: json.Effect,
    principals: rules.principal ? parsePrincipals(json.Principal) : undefined,
    matchesAction: actions(json, rules),
    matchesResource: resources(json, rules, variables),
    conditions: json.Condition === undefined ? [] : parseConditions(json.Condition, variables),
  };
}

function parseSid(sid: unknown, { strictSids }: Rules): string | undefined {
  if (sid === undefined || sid === '') return undefined;
  if (typeof sid !== 'string' || (strictSids && !/^[0-9A-Za-z]*$/.test(sid))) {
    throw new PolicyError(
      `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*, found "${String(sid)}"`,
    );
  }
  return sid;
}

function requireUniqueSids(statements: readonly Statement[]): void {
  if (new Set(statements.map(({ reference }) => reference.statement)).size < statements.length) {
    throw new PolicyError('Statement IDs (SID) in a single policy must be unique.');
  }
}

function actions(json: Json, { service }: Rules): Matcher {
  const { values, negated } = eitherOf(json, 'Action', 'Policy statement must contain actions.');
  for (const value of values) {
    if (value !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/i.test(value)) {
      throw new PolicyError(
        `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc., found "${value}"`,
      );
    }
    if (service === undefined || value === '*' || value.toLowerCase().startsWith(`${service}:`)) continue;
    throw new PolicyError(
      service === 'sts'
        ? `AssumeRole policy may only specify STS AssumeRole actions, found "${value}"`
        : `Policy has invalid action "${value}"`,
    );
  }
  return anyOf(
    values.map((value) => compilePattern(value, { wildcards: true, variables: false, ignoreCase: true })),
    negated,
  );
}

function resources(json: Json, { resource }: Rules, variables: boolean): Matcher {
  if (!resource) {
    const prohibited = ['Resource', 'NotResource'].find((name) => json[name] !== undefined);
    if (prohibited !== undefined) throw new PolicyError(`Has prohibited field ${prohibited}`);
    return () => true;
  }
  const { values, negated } = eitherOf(json, 'Resource', 'Policy statement must contain resources.');
  for (const value of values) {
    if (value !== '*' && !value.startsWith('arn:')) {
      throw new PolicyError(`Resource ${value} must be in ARN format or "*".`);
    }
  }
  return anyOf(
    values.map((value) => compileArnPattern(value, 'resource', variables)),
    negated,
  );
}

function eitherOf(json: Json, name: string, ifAbsent: string): { values: string[]; negated: boolean } {
  const [positive, negative] = [json[name], json[`Not${name}`]];
  if (positive !== undefined && negative !== undefined) {
    throw new PolicyError(`Syntax errors in policy. A statement has ${name} or Not${name}, not both.`);
  }
  const given = positive ?? negative;
  const values: unknown[] = Array.isArray(given) ? given : [given];
  if (given === undefined || values.length === 0) throw new PolicyError(ifAbsent);
  if (!values.every((value) => typeof value === 'string')) {
    throw new PolicyError(`Syntax errors in policy. ${name} has a value that is no text.`);
  }
  return { values, negated: negative !== undefined };
}

function anyOf(matchers: readonly Matcher[], negated: boolean): Matcher {
  return (value, context) => matchers.some((matches) => matches(value, context)) !== negated;
}

function requireKnown(json: Json, elements: readonly string[]): void {
  const unknown = Object.keys(json).find((name) => !elements.includes(name));
  if (unknown !== undefined) throw new PolicyError(`Syntax errors in policy. Unknown field ${unknown}`);
}
