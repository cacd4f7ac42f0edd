// The condition keys that can be evaluated, each because requests carry it; all others are refused.

/** What a key's values are, and how many a request has. */
interface ConditionKey {
  readonly type: 'String' | 'ARN' | 'Bool' | 'Numeric';
  /** Multivalued keys need `ForAnyValue` or `ForAllValues` (IAM user guide, single-valued and multivalued keys). */
  readonly multivalued?: true;
}

const string: ConditionKey = { type: 'String' };
const arn: ConditionKey = { type: 'ARN' };
const bool: ConditionKey = { type: 'Bool' };
const numeric: ConditionKey = { type: 'Numeric' };
const strings: ConditionKey = { type: 'String', multivalued: true };

/** By name; one that ends in `/` or `:` is the beginning of a family. Types as in the service authorization reference. */
export const CONDITION_KEYS: Readonly<Record<string, ConditionKey>> = {
  'aws:PrincipalAccount': string,
  'aws:PrincipalArn': arn,
  'aws:PrincipalIsAWSService': bool,
  'aws:PrincipalServiceName': string,
  'aws:PrincipalType': string,
  'aws:RequestedRegion': string,
  'aws:ResourceAccount': string,
  'aws:SecureTransport': bool,
  'aws:SourceAccount': string,
  'aws:SourceArn': arn,
  'aws:username': string,
  'aws:ViaAWSService': bool,
  'iam:PassedToService': string,
  'iam:ResourceTag/': string,
  'kms:CallerAccount': string,
  'kms:EncryptionContext:': string,
  'kms:EncryptionContextKeys': strings,
  'kms:RequestAlias': string,
  'kms:ResourceAliases': strings,
  'kms:ViaService': string,
  's3:authType': string,
  's3:delimiter': string,
  's3:if-match': string,
  's3:if-none-match': string,
  's3:max-keys': numeric,
  's3:ObjectCreationOperation': bool,
  's3:prefix': string,
  's3:ResourceAccount': string,
  's3:signatureversion': string,
  's3:TlsVersion': numeric,
  's3:VersionId': string,
  's3:x-amz-acl': string,
  's3:x-amz-copy-source': string,
  's3:x-amz-metadata-directive': string,
  's3:x-amz-server-side-encryption': string,
  's3:x-amz-server-side-encryption-aws-kms-key-id': arn,
  's3:x-amz-storage-class': string,
  'sts:ExternalId': string,
  'sts:RoleSessionName': string,
};

const byLowerCase = new Map(Object.entries(CONDITION_KEYS).map(([name, key]) => [name.toLowerCase(), key]));

/** The key of a name, which is not case-sensitive; undefined if it cannot be evaluated. */
export function findConditionKey(name: string): ConditionKey | undefined {
  const wanted = name.toLowerCase();
  const exact = byLowerCase.get(wanted);
  if (exact !== undefined) return /[:/]$/.test(wanted) ? undefined : exact;
  for (const [known, key] of byLowerCase) {
    if (/[:/]$/.test(known) && wanted.startsWith(known)) return key;
  }
  return undefined;
}
