// Principals and resources as short as people name them.
import type { Access } from '../../aws/state/access.ts';
import type { RunOutcome } from '../run.ts';
import type { StatementNames } from '../statements/coverage.ts';

/** The role of a session, the name of a user, or a service. */
export function whoWords({ principalArn }: Pick<Access, 'principalArn'>): string {
  const [, role, user] = /assumed-role\/([^/]+)|:user\/(.+)$/.exec(principalArn) ?? [];
  return role ?? user ?? (principalArn.endsWith(':root') ? 'administrator' : principalArn);
}

/** An ARN without what it has in common with all others. */
export function resourceWords(resource: string): string {
  return resource.replace(/^arn:aws:s3:::/, 's3://').replace(/^arn:aws:/, '');
}

/** What AWS does not always say: which statement denies, or which policy has none that allows. */
export function deniedWords(access: Access, nameOf: StatementNames): string {
  const { action, by, missing } = access;
  const what = `${whoWords(access)} ${action} on ${resourceWords(access.resource)}`;
  const [deny] = by;
  return deny === undefined
    ? `No statement of the ${MISSING[missing ?? 'identity'] ?? missing} allows ${what}.`
    : `${nameOf(access, deny)} denies ${what}.`;
}

const MISSING: Readonly<Record<string, string>> = {
  identity: "role's own policies",
  trust: "role's trust policy",
  bucket: 'bucket policy',
  key: 'key policy',
  session: 'session policy',
  'permissions-boundary': 'permissions boundary',
};

/** What came of a run, in a few words. */
export function verdictOf({ steps }: Pick<RunOutcome, 'steps'>): string {
  const failed = steps.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) return `Failed: ${failed.phase}`;
  return steps.some(({ losses }) => losses.length > 0)
    ? 'Succeeded, although something was denied'
    : 'Succeeded';
}
