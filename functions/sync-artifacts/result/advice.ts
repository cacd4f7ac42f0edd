// What to change when a request was denied: which policy, and a statement to paste, made from the table of operations.
import type { RequestTarget } from '../aws/errors.ts';
import { ANNOTATION_OPERATIONS, type GrantTarget, OPERATIONS, RELAY_OPERATIONS } from '../aws/operations.ts';
import { partitionOf } from '../aws/partition.ts';
import { regionOfKey } from '../facts/kms-key.ts';
import { omitUndefined } from '../util.ts';

/** An `Allow` statement as IAM, bucket and key policies take it. */
export interface AllowStatement {
  readonly Effect: 'Allow';
  /** Only in policies of buckets and keys. */
  readonly Principal?: { readonly AWS: string };
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** What AWS reports of a denial, as far as it reports anything. */
interface Denial {
  /** The role rather than its session; undefined when AWS named no caller. */
  readonly principalArn?: string;
  readonly action?: string;
  readonly resourceArn?: string;
  /** The kind of policy in AWS's words, such as `identity-based policy`, and whether it denies or just does not allow. */
  readonly policy?: { readonly name: string; readonly denies: boolean };
}

/** What is to be changed after a denial. */
export interface DenialAdvice {
  /** The denied action first, then what the same operation needs on the same resource. */
  readonly actions: readonly string[];
  readonly resource: string;
  readonly principal: string;
  /** Where the change belongs, most likely first. */
  readonly places: readonly ('identity policy' | 'bucket policy' | 'key policy')[];
  /** To be pasted into the first place; none when something denies explicitly, which no `Allow` overrides. */
  readonly statement?: AllowStatement;
  /** All of it as sentences for the pipeline's operator. */
  readonly text: string;
}

/**
 * Reads the message of a denial (IAM user guide, "Troubleshoot access denied error messages"). KMS and S3 use the same form, and
 * either may say nothing but "Access Denied".
 */
export function readDenial(message: string): Denial {
  const caller = /User: (arn:\S+)/.exec(message)?.[1];
  const action = /(?:perform: |allows the )([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1];
  const resourceArn = /resource: "?(arn:[^"\s]+(?: [^"]*(?="))?)/.exec(message)?.[1]?.replace(/[.,;]$/, '');
  const explicit = /explicit deny in an? ((?:[A-Za-z0-9-]+ )*?(?:policy|boundary))/.exec(message)?.[1];
  const missing = /because no ((?:[A-Za-z0-9-]+ )*?(?:policy|boundary)) allows/.exec(message)?.[1];
  const policy = explicit ?? missing;
  return omitUndefined({
    principalArn: caller && roleOfSession(caller),
    action,
    resourceArn,
    policy: policy ? { name: policy, denies: explicit !== undefined } : undefined,
  });
}

/** The role that a session is of: policies name roles. The ARN of a session leaves out the path of its role. */
function roleOfSession(arn: string): string {
  return arn.replace(/^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/, 'arn:$1:iam::$2:role/$3');
}

/** What to change after a denial of a request. */
export function adviseOnDenial(target: RequestTarget, message: string): DenialAdvice {
  const denial = readDenial(message);
  const grant = grantFor(target, denial);
  const principal =
    denial.principalArn ??
    (target.principal === 'artifactCredentials'
      ? "the pipeline's role, whose rights the job's artifactCredentials have"
      : "the function's role");
  const policyOfResource = grant.service === 'kms' ? 'key policy' : 'bucket policy';
  const { policy } = denial;
  const isOfResource = policy !== undefined && POLICIES_WITH_PRINCIPAL.has(policy.name);
  const places = isOfResource
    ? ([policyOfResource, 'identity policy'] as const)
    : (['identity policy', policyOfResource] as const);
  const what = `${grant.named} on ${grant.resource} for ${principal}`;
  const base = { actions: grant.actions, resource: grant.resource, principal, places };
  if (policy?.denies === true) {
    const text = `An explicit deny in ${article(policy.name)} refuses ${what}: change that statement, since no other can override it.`;
    return { ...base, text: `${text}${onReplacing(target, denial)}${alsoPossible(target, denial)}` };
  }
  const statement: AllowStatement | undefined =
    grant.actions.length === 0
      ? undefined
      : {
          Effect: 'Allow',
          ...(isOfResource ? { Principal: { AWS: denial.principalArn ?? '<ARN of the role>' } } : {}),
          Action: grant.actions,
          Resource:
            grant.service === 'kms' && policy?.name === 'resource-based policy' ? '*' : grant.resource,
          ...(grant.service === 'kms' ? { Condition: throughS3(grant.resource, target) } : {}),
        };
  const where =
    policy === undefined
      ? `look at its IAM policy first, then at the ${policyOfResource}`
      : policy.name === 'identity-based policy'
        ? 'in its IAM policy'
        : policy.name === 'resource-based policy'
          ? `in the ${policyOfResource}`
          : `in the ${policy.name}`;
  return {
    ...base,
    ...(statement === undefined ? {} : { statement }),
    text: `Allow ${what}${policy === undefined ? ': ' : ', '}${where}.${statement === undefined ? '' : ` Statement: ${JSON.stringify(statement)}.`}${onReplacing(target, denial)}${alsoPossible(target, denial)}`,
  };
}

/** Their statements name who may; those of roles, permissions boundaries, sessions and organisations must not (IAM user guide, Principal). */
const POLICIES_WITH_PRINCIPAL = new Set(['resource-based policy', 'VPC endpoint policy']);

interface NeededGrant {
  readonly service: 's3' | 'kms';
  /** The action that the sentence names. */
  readonly named: string;
  /** All that the operation needs on the same resource, so that the next run does not stop at the next one. */
  readonly actions: readonly string[];
  readonly resource: string;
}

function grantFor(target: RequestTarget, { action, resourceArn }: Denial): NeededGrant {
  const needs = [...OPERATIONS, ...RELAY_OPERATIONS, ...ANNOTATION_OPERATIONS]
    .filter(({ operation, side }) => operation === target.operation && side === target.side)
    .flatMap((operation) => operation.needs)
    .filter(({ when }) => when !== 'alias');
  const found = needs.filter((need) => need.action === action);
  // The source's key and the destination's are both asked for kms:Decrypt: the one that the request names is the destination's.
  const isOwnKey = resourceArn === undefined || resourceArn === target.kmsKeyId;
  const need = found.find(({ on }) => on.startsWith(target.side) === isOwnKey) ?? found[0];
  const first = need ?? (action === undefined ? likelyNeed(target, needs) : undefined);
  const on: GrantTarget | undefined = first?.on;
  const named = action ?? first?.action ?? `what ${target.operation} needs`;
  const service = named.startsWith('kms:') ? 'kms' : 's3';
  const others = needs.filter((other) => other.on === on).map((other) => other.action);
  // The action that the sentence names comes first.
  const actions = first === undefined ? others : [first.action, ...others];
  return {
    service,
    named,
    actions: [...new Set([...(action === undefined ? [] : [action]), ...actions])],
    resource: resourceArn ?? resourceOf(target, service, on),
  };
}

/** What S3 most likely missed when it does not say: the reading of a source, the writing at a destination. */
function likelyNeed({ key }: RequestTarget, needs: (typeof OPERATIONS)[number]['needs']) {
  const ofBucket = needs.find(({ on }) => on.endsWith(key === undefined ? 'buckets' : 'destination objects'));
  return ofBucket ?? needs[0];
}

function resourceOf(target: RequestTarget, service: 's3' | 'kms', on: GrantTarget | undefined): string {
  const { bucket, key, kmsKeyId, copySource } = target;
  if (service === 'kms') {
    if (on === 'source keys' && target.side === 'destination') return "the source's KMS key";
    return kmsKeyId ?? "the bucket's KMS key";
  }
  const arn = `arn:${partitionOf(target.region)}:s3:::`;
  if (on === 'source objects' && copySource !== undefined)
    return `${arn}${copySource.bucket}/${copySource.key}`;
  return `${arn}${bucket}${key === undefined || on?.includes('bucket') ? '' : `/${key}`}`;
}

/** S3 uses a key in the region of the key or, for the source of a copy, perhaps in that of the destination. */
function throughS3(keyArn: string, { region }: RequestTarget): NonNullable<AllowStatement['Condition']> {
  const regions = [...new Set([regionOfKey(keyArn) ?? region, region])];
  // Other partitions have other domains.
  return partitionOf(region) === 'aws'
    ? { StringEquals: { 'kms:ViaService': regions.map((name) => `s3.${name}.amazonaws.com`) } }
    : { StringLike: { 'kms:ViaService': regions.map((name) => `s3.${name}.*`) } };
}

/** What a bucket policy may demand of a write that replaces an object (S3 user guide, conditional-writes-enforce). */
function onReplacing({ replaces }: RequestTarget, { action, policy }: Denial): string {
  const mayBeBucketPolicy =
    policy === undefined || (policy.denies && policy.name === 'resource-based policy');
  if (replaces === undefined || !mayBeBucketPolicy || (action ?? 's3:PutObject') !== 's3:PutObject')
    return '';
  return replaces === 'seen'
    ? ' Another object is there already: if that policy makes the bucket write-once, set Overwrite to "never" and choose another Key, or remove the object.'
    : ' An object is there that the role may not read, so no condition could be sent: if that policy demands conditional writes, allow s3:GetObject on it.';
}

/** What a denial without a reason may mean besides. */
function alsoPossible(target: RequestTarget, { action }: Denial): string {
  if (action !== undefined) return '';
  const { bucket, key, side, kmsKeyId, copySource, region } = target;
  const reading =
    copySource === undefined
      ? ''
      : ` The same is needed to read the source: s3:GetObject and s3:GetObjectVersion on arn:${partitionOf(region)}:s3:::${copySource.bucket}/${copySource.key}.`;
  const keys =
    key === undefined
      ? ''
      : ` S3 may hide KMS denials, so check kms:${side === 'source' ? 'Decrypt' : 'GenerateDataKey and kms:Decrypt'} on ${kmsKeyId ?? "the bucket's key"} too.`;
  return `${reading}${keys} If bucket ${bucket} belongs to another account than expected, S3 answers the same: correct BucketOwner.`;
}

function article(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}
