// The embedded AWS against the SDK's model of S3: no operation is taken for another, no header is dropped in silence.
import { readdirSync, readFileSync } from 'node:fs';
import * as s3 from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { ALGORITHMS } from '../../../local/aws/content/checksum.ts';
import { operationOf } from '../../../local/aws/s3/operations.ts';
import { UNSUPPORTED } from '../../../local/aws/s3/unsupported-headers.ts';

/** Headers that change nothing here, with the reason. */
const WITHOUT_EFFECT = [
  'x-amz-confirm-remove-self-bucket-access', // nobody is stopped from locking themselves out without it either
  'x-amz-request-payer', // nobody is charged
  'x-amz-optional-object-attributes', // no object is archived, so there is no restore status to show
  'x-amz-transition-default-minimum-object-size',
];

interface ModelledOperation {
  readonly name: string;
  readonly method: string;
  readonly level: 'service' | 'bucket' | 'object';
  readonly query: ReadonlyMap<string, string>;
  readonly headers: readonly string[];
}

/** Traits of a member, as the SDK's schemas hold them. */
interface Traits {
  readonly httpHeader?: string;
  readonly httpQuery?: string;
}

/** A schema is `[kind, namespace, name, traits, …]`; a kind of 9 is an operation, whose input has names and members. */
const isOperation = (value: unknown): value is [9, string, string, { http: [string, string] }, unknown] =>
  Array.isArray(value) && value[0] === 9;

function modelled(): ModelledOperation[] {
  return Object.values(s3)
    .filter((value) => isOperation(value))
    .map(([, , name, { http }, input]) => {
      const [, , , , members, refs] = (typeof input === 'function' ? input() : input) as [
        ...[unknown, unknown, unknown, unknown],
        string[],
        [unknown, Traits | number][],
      ];
      const traits = refs.map((ref) => (typeof ref[1] === 'object' ? ref[1] : {}));
      const headers = traits.flatMap(({ httpHeader }) => httpHeader?.toLowerCase() ?? []);
      const query = new Map(new URLSearchParams(http[1].split('?')[1]));
      for (const distinguishing of ['uploadId', 'annotationName']) {
        if (traits.some(({ httpQuery }) => httpQuery === distinguishing)) {
          query.set(distinguishing, 'x');
        }
      }
      const level = http[1].includes('{Key') ? 'object' : members.includes('Bucket') ? 'bucket' : 'service';
      return { name, method: http[0], level, query, headers };
    });
}

/** What the embedded AWS takes a request for. */
function taken({ method, level, query, headers }: ModelledOperation): string | undefined {
  const copy = headers.includes('x-amz-copy-source') ? { 'x-amz-copy-source': 'b/k' } : {};
  const [bucket, key] = [level === 'service' ? '' : 'b', level === 'object' ? 'k' : ''];
  return operationOf(method, bucket, key, query, copy)?.name;
}

describe("the SDK's model of S3", () => {
  const operations = modelled();

  test('is read', () => {
    expect(operations.length).toBeGreaterThan(100);
    expect(operations.flatMap(({ headers }) => headers)).toContain('x-amz-copy-source-range');
  });

  test('has no operation that is taken for another', () => {
    const mistaken = operations
      .map((operation) => ({ is: operation.name, takenFor: taken(operation) }))
      .filter(({ is, takenFor }) => takenFor !== undefined && takenFor !== is);
    expect(mistaken).toEqual([]);
    expect(operations.filter(taken).length).toBeGreaterThan(25);
  });

  test('has no header that an implemented operation neither reads nor refuses', () => {
    const source = readdirSync('local/aws', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('unsupported-headers.ts'))
      .map((file) => readFileSync(`local/aws/${file}`, 'utf8'))
      .join('\n');
    const isRead = (name: string): boolean =>
      source.includes(`'${name}'`) ||
      (name.startsWith('x-amz-checksum-') &&
        ALGORITHMS.some((algorithm) => name.endsWith(`-${algorithm.toLowerCase()}`))) ||
      // Conditions are read with and without the prefix of a copy's source.
      source.includes(`\${prefix}${name.replace('x-amz-copy-source-', '')}`);
    const dropped = operations
      .filter(taken)
      .flatMap(({ name, headers }) => headers.map((header) => ({ name, header })))
      .filter(
        ({ header }) =>
          !isRead(header) &&
          !WITHOUT_EFFECT.includes(header) &&
          !UNSUPPORTED.some((entry) => entry.name.test(header)),
      );
    expect(dropped).toEqual([]);
  });
});
