// The truth table of IAM: who is allowed what, by which policies together, and which one is missing.
import { describe, expect, it } from 'vitest';
import { denialMessage, kmsDenialMessage } from '../../../../local/aws/iam/denial.ts';
import { type AccessRequest, type Decision, decide } from '../../../../local/aws/iam/evaluate.ts';
import type { Facts, Policy } from '../../../../local/aws/iam/policy.ts';
import type { Caller } from '../../../../local/aws/iam/principal.ts';
import { allowAll, HOME, OTHER, policy, type StatementJson, session, user } from './policies.ts';

const NOTHING: StatementJson = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
const DENY: StatementJson = { Effect: 'Deny', Action: '*', Resource: '*' };

const allows = policy('identity', allowAll());
const silent = policy('identity', NOTHING);
const denies = policy('identity', allowAll(), DENY);
const boundary = (statement: StatementJson): Policy => policy('permissions-boundary', statement);
const sessionPolicy = (statement: StatementJson): Policy => policy('session', statement);

const ROLE = { AWS: `arn:aws:iam::${HOME}:role/path/R` };
const SESSION = { AWS: `arn:aws:sts::${HOME}:assumed-role/R/S` };
const USER = { AWS: `arn:aws:iam::${HOME}:user/U` };
const ACCOUNT = { AWS: `arn:aws:iam::${HOME}:root` };
const ACCOUNT_ID = { AWS: HOME };
const STRANGER = { AWS: `arn:aws:iam::${OTHER}:role/R` };
const SERVICE = { Service: 'logging.s3.amazonaws.com' };

const bucket = (...principals: unknown[]): Policy =>
  policy('bucket', ...principals.map((principal) => allowAll(principal, { Action: 's3:*' })));
const key = (...principals: unknown[]): Policy =>
  policy('key', ...principals.map((principal) => allowAll(principal, { Action: 'kms:*' })));
const trust = (principal: unknown): Policy =>
  policy('trust', { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal });

const logging: Caller = { type: 'Service', arn: 'logging.s3.amazonaws.com' };
const anonymous: Caller = { type: 'Anonymous', arn: '*' };
const root: Caller = { type: 'Account', accountId: HOME, arn: `arn:aws:iam::${HOME}:root` };

function decided(
  caller: Caller,
  owner: string,
  resourcePolicy: Policy | undefined,
  facts: Facts = {},
): Decision {
  const service = { key: 'kms:Decrypt', trust: 'sts:AssumeRole' }[resourcePolicy?.kind as 'key' | 'trust'];
  return decide({
    caller,
    action: service ?? 's3:GetObject',
    resource: 'arn:aws:s3:::b/k',
    resourceAccountId: owner,
    ...(resourcePolicy && { resourcePolicy }),
    facts,
  });
}

function inShort(decision: Decision): string {
  switch (decision.effect) {
    case 'Allow':
      return `allowed by ${decision.by.map(({ kind }) => kind).join(' and ') || 'nobody else'}`;
    case 'ExplicitDeny':
      return `denied by ${decision.by[0].kind}`;
    case 'ImplicitDeny':
      return `missing in ${decision.missing}`;
  }
}

type Row = readonly [title: string, caller: Caller, resourcePolicy: Policy | undefined, expected: string];

const SAME_ACCOUNT: readonly Row[] = [
  ['nothing at all', session([]), undefined, 'missing in identity'],
  ['an identity policy on something else', session([silent]), undefined, 'missing in identity'],
  ['an identity policy', session([silent, allows]), undefined, 'allowed by identity'],
  ['an identity policy that denies', session([allows, denies]), undefined, 'denied by identity'],
  ['the root user', root, undefined, 'allowed by nobody else'],

  ['a bucket policy that names the role', session([]), bucket(ROLE), 'allowed by bucket'],
  ['a bucket policy that names the session', session([]), bucket(SESSION), 'allowed by bucket'],
  ['a bucket policy that names the user', user([]), bucket(USER), 'allowed by bucket'],
  ['a bucket policy that names everybody', session([]), bucket('*'), 'allowed by bucket'],
  ['a bucket policy that names every AWS principal', user([]), bucket({ AWS: '*' }), 'allowed by bucket'],
  ['a bucket policy that names another', session([]), bucket(USER, STRANGER), 'missing in identity'],
  ['a bucket policy that names the account', session([]), bucket(ACCOUNT), 'missing in identity'],
  [
    'a bucket policy and an identity policy',
    session([allows]),
    bucket(ACCOUNT),
    'allowed by identity and bucket',
  ],
  [
    'a bucket policy that denies the account',
    session([allows]),
    policy('bucket', { ...DENY, Action: 's3:*', Principal: ACCOUNT }),
    'denied by bucket',
  ],
  [
    'a bucket policy that denies the root user',
    root,
    policy('bucket', { ...DENY, Action: 's3:*', Principal: '*' }),
    'denied by bucket',
  ],

  ['a key policy that names another', session([allows]), key(STRANGER), 'missing in key'],
  ['a key policy that names another, and nothing else', session([]), key(STRANGER), 'missing in key'],
  ['a key policy that names another, for the root user', root, key(STRANGER), 'missing in key'],
  ['a key policy that names the account', session([]), key(ACCOUNT), 'missing in identity'],
  [
    'a key policy that names the account by its number',
    session([allows]),
    key(ACCOUNT_ID),
    'allowed by identity and key',
  ],
  ['a key policy that names the account, for the root user', root, key(ACCOUNT), 'allowed by key'],
  ['a key policy that names the role', session([]), key(ROLE), 'allowed by key'],

  ['trust in another', session([allows]), trust(STRANGER), 'missing in trust'],
  ['trust in the account', session([]), trust(ACCOUNT), 'missing in identity'],
  [
    'trust in the account and an identity policy',
    session([allows]),
    trust(ACCOUNT),
    'allowed by identity and trust',
  ],
  ['trust in the user', user([]), trust(USER), 'allowed by trust'],

  [
    'a boundary that allows it too',
    session([allows], { boundary: boundary(allowAll()) }),
    undefined,
    'allowed by identity',
  ],
  [
    'a boundary that allows something else',
    session([allows], { boundary: boundary(NOTHING) }),
    undefined,
    'missing in permissions-boundary',
  ],
  ['only a boundary', session([], { boundary: boundary(allowAll()) }), undefined, 'missing in identity'],
  [
    'a boundary that denies',
    session([allows], { boundary: boundary(DENY) }),
    undefined,
    'denied by permissions-boundary',
  ],
  [
    'a boundary on a role that the bucket names',
    session([], { boundary: boundary(NOTHING) }),
    bucket(ROLE),
    'missing in permissions-boundary',
  ],
  [
    'a boundary on a user whom the bucket names',
    user([], boundary(NOTHING)),
    bucket(USER),
    'allowed by bucket',
  ],

  [
    'a session policy that allows it too',
    session([allows], { sessionPolicies: [sessionPolicy(allowAll())] }),
    undefined,
    'allowed by identity',
  ],
  [
    'a session policy that allows something else',
    session([allows], { sessionPolicies: [sessionPolicy(NOTHING)] }),
    undefined,
    'missing in session',
  ],
  [
    'a session policy alone',
    session([], { sessionPolicies: [sessionPolicy(allowAll())] }),
    undefined,
    'missing in identity',
  ],
  [
    'a session policy, where the bucket names the role',
    session([], { sessionPolicies: [sessionPolicy(NOTHING)] }),
    bucket(ROLE),
    'missing in session',
  ],
  [
    'a session policy, where the bucket names the session',
    session([], { sessionPolicies: [sessionPolicy(NOTHING)] }),
    bucket(SESSION),
    'allowed by bucket',
  ],

  ['a service that is named', logging, bucket(SERVICE), 'allowed by bucket'],
  ['a service that is not named', logging, bucket(ROLE), 'missing in bucket'],
  ['nobody in particular, in a public bucket', anonymous, bucket('*'), 'allowed by bucket'],
  ['nobody in particular, in a private bucket', anonymous, undefined, 'missing in resource'],
];

const ACROSS_ACCOUNTS: readonly Row[] = [
  ['neither side', session([]), undefined, 'missing in identity'],
  ['only the identity policy', session([allows]), undefined, 'missing in resource'],
  [
    'only the identity policy, beside a bucket policy for others',
    session([allows]),
    bucket(STRANGER),
    'missing in bucket',
  ],
  ['only the bucket policy, by role', session([]), bucket(ROLE), 'missing in identity'],
  ['only the bucket policy, by session', session([]), bucket(SESSION), 'missing in identity'],
  ['only the bucket policy, by everybody', session([]), bucket('*'), 'missing in identity'],
  ['both, by role', session([allows]), bucket(ROLE), 'allowed by identity and bucket'],
  ['both, by account', session([allows]), bucket(ACCOUNT), 'allowed by identity and bucket'],
  ['both, and the identity policy denies', session([denies]), bucket(ACCOUNT), 'denied by identity'],
  [
    'both, but for a session policy',
    session([allows], { sessionPolicies: [sessionPolicy(NOTHING)] }),
    bucket(SESSION),
    'missing in session',
  ],
  [
    'both, but for a boundary',
    user([allows], boundary(NOTHING)),
    bucket(USER),
    'missing in permissions-boundary',
  ],
  ['the root user and a bucket policy', root, bucket(ACCOUNT), 'allowed by bucket'],
  ['the root user alone', root, undefined, 'missing in resource'],
  ['both on a key', session([allows]), key(ACCOUNT), 'allowed by identity and key'],
  ['only the identity policy on a key', session([allows]), key(STRANGER), 'missing in key'],
  ['trust and an identity policy', session([allows]), trust(ACCOUNT), 'allowed by identity and trust'],
  ['trust alone', session([]), trust(ROLE), 'missing in identity'],
];

describe('in one account', () => {
  it.each(SAME_ACCOUNT)('%s', (_title, caller, resourcePolicy, expected) => {
    expect(inShort(decided(caller, HOME, resourcePolicy))).toBe(expected);
  });
});

describe('across accounts', () => {
  it.each(ACROSS_ACCOUNTS)('%s', (_title, caller, resourcePolicy, expected) => {
    expect(inShort(decided(caller, OTHER, resourcePolicy))).toBe(expected);
  });
});

describe('what is known of who asks', () => {
  const only = (condition: StatementJson): Policy =>
    policy('bucket', allowAll('*', { Action: 's3:*', Condition: condition }));
  const facts: readonly (readonly [string, Caller, StatementJson])[] = [
    ['the role of a session, with its path', session([]), { ArnEquals: { 'aws:PrincipalArn': ROLE.AWS } }],
    ['the account', session([]), { StringEquals: { 'aws:PrincipalAccount': HOME } }],
    ['the type', session([]), { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }],
    ['the name of a user', user([]), { StringEquals: { 'aws:username': 'U' } }],
    ['no name of a session', session([]), { Null: { 'aws:username': 'true' } }],
    ['the name of a service', logging, { StringEquals: { 'aws:PrincipalServiceName': logging.arn } }],
    [
      'no ARN of a service',
      logging,
      { Null: { 'aws:PrincipalArn': 'true' }, Bool: { 'aws:PrincipalIsAWSService': 'true' } },
    ],
  ];
  it.each(facts)('%s', (_title, caller, condition) => {
    expect(decided(caller, HOME, only(condition)).effect).toBe('Allow');
  });

  it('does not hide what is given for keys that it has no value for', () => {
    const named = only({ StringEquals: { 'aws:username': 'me' } });
    const facts = { 'aws:username': 'me' };
    expect(decided(session([]), HOME, named, facts).effect).toBe('Allow');
  });

  it('is the role, not the session, to aws:PrincipalArn', () => {
    const bySession = only({ ArnLike: { 'aws:PrincipalArn': `arn:aws:sts::${HOME}:assumed-role/R/*` } });
    expect(decided(session([]), HOME, bySession).effect).toBe('ImplicitDeny');
  });
});

describe('the decision', () => {
  it('names every statement that allows, by Sid or number, and the policy that it is in', () => {
    const identity = policy('identity', allowAll(undefined, { Sid: 'First' }), NOTHING, allowAll());
    expect(decided(session([identity]), HOME, undefined)).toEqual({
      effect: 'Allow',
      by: [
        { kind: 'identity', policy: 'the identity policy', statement: 'First' },
        { kind: 'identity', policy: 'the identity policy', statement: '#3' },
      ],
    });
  });

  it('names the one statement that denies', () => {
    const decision = decided(session([denies]), HOME, undefined);
    expect(decision).toMatchObject({ by: [{ statement: '#2' }] });
  });
});

describe('the message', () => {
  const message = (
    caller: Caller,
    resourcePolicy: Policy | undefined,
    write: (request: AccessRequest, denial: Exclude<Decision, { effect: 'Allow' }>) => string,
    { owner = HOME, action = 'kms:Decrypt' } = {},
  ): string => {
    const request: AccessRequest = {
      caller,
      action,
      resource: 'arn:aws:kms:eu-west-1:444455556666:key/1',
      resourceAccountId: owner,
      ...(resourcePolicy && { resourcePolicy }),
      facts: {},
    };
    const decision = decide(request);
    if (decision.effect === 'Allow') throw new Error('expected a denial');
    return write(request, decision);
  };
  const beginning = `User: arn:aws:sts::${HOME}:assumed-role/R/S is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:444455556666:key/1`;

  it.each([
    [session([]), key(ACCOUNT), 'because no identity-based policy allows the kms:Decrypt action'],
    [session([allows]), key(STRANGER), 'because no resource-based policy allows the kms:Decrypt action'],
    [session([denies]), key(ACCOUNT), 'with an explicit deny in an identity-based policy'],
    [
      session([allows]),
      policy('key', allowAll(ROLE, { Effect: 'Deny', Action: 'kms:*' })),
      'with an explicit deny in a resource-based policy',
    ],
    [
      session([allows], { boundary: boundary(NOTHING) }),
      key(ACCOUNT),
      'because no permissions boundary allows the kms:Decrypt action',
    ],
    [
      session([allows], { sessionPolicies: [sessionPolicy(NOTHING)] }),
      key(ACCOUNT),
      'because no session policy allows the kms:Decrypt action',
    ],
  ] as const)(
    'names principal, action, resource and what is missing or denies',
    (caller, resourcePolicy, reason) => {
      expect(message(caller, resourcePolicy, denialMessage)).toBe(`${beginning} ${reason}`);
      expect(message(caller, resourcePolicy, kmsDenialMessage)).toBe(`${beginning} ${reason}`);
    },
  );

  it('of KMS names neither key nor reason to another account that decrypts', () => {
    const written = message(session([allows]), key(STRANGER), kmsDenialMessage, { owner: OTHER });
    expect(written).toMatch(/^The ciphertext refers to a customer master key that does not exist/);
  });

  it('of KMS names the key, which the request named, to another account that encrypts', () => {
    const written = message(session([allows]), key(STRANGER), kmsDenialMessage, {
      owner: OTHER,
      action: 'kms:GenerateDataKey',
    });
    expect(written).toContain('key/1 because the resource does not exist in this Region, no resource-based');
  });

  it("of KMS gives the reason across accounts when it is the caller's own policy", () => {
    const written = message(session([]), key(ACCOUNT), kmsDenialMessage, { owner: OTHER });
    expect(written).toContain('because no identity-based policy allows');
  });
});
