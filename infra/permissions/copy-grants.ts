// What the function's table of permissions says on the buckets at hand, as plain statements: also for commands that know no CDK.
import type { BucketSet } from '../constructs/sync-buckets.ts';
import { actionsOn } from './function-permissions.ts';
import { allow, type Condition, type Statement } from './statement.ts';

/** What the table of function-permissions.ts says, on these buckets; nothing where there are none. */
export function copyGrants(
  sources: Omit<BucketSet, 'hasKeys'>,
  destinations: Omit<BucketSet, 'hasKeys'>,
): Statement[] {
  const statements: Statement[] = [
    allow('FindSources', actionsOn('source bucket'), sources.bucketArns),
    allow('ReadSources', actionsOn('source objects'), sources.objectArns),
    allow(
      'DecryptSources',
      actionsOn('source keys'),
      sources.keyArns,
      // Which region's S3 decrypts in a cross-region copy is not documented: that of the source or of a destination.
      viaService([...sources.viaServices, ...destinations.viaServices]),
    ),
    allow('FindDestinations', actionsOn('destination buckets'), destinations.bucketArns),
    allow('ReadAndWriteDestinations', actionsOn('destination objects'), destinations.objectArns),
    allow(
      'EncryptDestinations',
      actionsOn('destination keys'),
      destinations.keyArns,
      viaService(destinations.viaServices),
    ),
    allow('AnswerJobs', actionsOn('any job'), ['*']),
  ];
  return statements.filter(({ Resource }) => Resource.length > 0);
}

function viaService(services: readonly string[]): Condition {
  const values = [...new Set(services)];
  const operator = values.some((value) => value.includes('*')) ? 'StringLike' : 'StringEquals';
  return { [operator]: { 'kms:ViaService': values } };
}
