// The function's role against what the function really does: every operation and every IAM question, none missing, none spare.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { beforeAll, describe, expect, it } from 'vitest';
import { type GrantTarget, OPERATIONS, type Side } from '../../../functions/sync-artifacts/aws/operations.ts';
import { buildApp } from '../../../infra/build-app.ts';
import { actionsOn } from '../../../infra/permissions/function-permissions.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology } from '../../../infra/topology.ts';
import type { Fault } from '../../../local/aws/faults/faults.ts';
import { SAMPLES_FOLDER } from '../../../local/pipeline/scenarios.ts';
import { at, listAt, ofType, synthesised } from '../synthesised.ts';
import {
  type JobCase,
  type RecordedKeys,
  type Recording,
  ROLE_SESSION,
  record,
  recordSample,
} from './recorded-jobs.ts';

const MIB = 2 ** 20;
const slowParts = ({ operation, phase }: { operation: string; phase: string }): Fault | undefined =>
  phase === 'before' && /^UploadPart/.test(operation) ? { kind: 'stall', delayMs: 250 } : undefined;
const lastPartDenied = ({
  operation,
  phase,
  partNumber,
}: {
  operation: string;
  phase: string;
  partNumber?: number;
}): Fault | undefined =>
  phase === 'before' && operation === 'UploadPartCopy' && partNumber === 2
    ? { kind: 'error', status: 400, code: 'InvalidRequest', message: 'denied for the test' }
    : undefined;
/** Little time and one request at a time, so that a job of several parts is continued. */
const hurried = {
  timeoutMs: 5_000,
  environment: { SYNC_DEADLINE_MARGIN_MS: '1500', SYNC_MAX_CONCURRENCY: '2' },
};

const CASES: readonly JobCase[] = [
  { name: 'one request per copy', sizeBytes: MIB, ends: 'Succeeded' },
  { name: 'already there', sizeBytes: MIB, runs: 2, ends: 'Succeeded' },
  { name: 'buckets without versioning', sizeBytes: MIB, unversioned: true, ends: 'Succeeded' },
  { name: 'parallel parts', sizeBytes: 200 * MIB, ends: 'Succeeded' },
  { name: 'parallel parts without versioning', sizeBytes: 200 * MIB, unversioned: true, ends: 'Succeeded' },
  {
    name: 'a source of several parts with checksums of their own',
    sizeBytes: 40 * MIB,
    put: { partSizeBytes: 16 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
    ends: 'Succeeded',
  },
  {
    name: 'the same without versioning',
    sizeBytes: 40 * MIB,
    put: { partSizeBytes: 16 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
    unversioned: true,
    ends: 'Succeeded',
  },
  { name: 'a small relay', sizeBytes: MIB, roleMayNotReadSource: true, ends: 'Succeeded' },
  { name: 'a large relay', sizeBytes: 24 * MIB, roleMayNotReadSource: true, ends: 'Succeeded' },
  {
    name: 'a relay whose credentials end',
    sizeBytes: MIB,
    roleMayNotReadSource: true,
    credentialsExpireInMs: 60_000,
    ends: 'Succeeded',
  },
  { name: 'a continued job', sizeBytes: 1024 * MIB, faults: slowParts, ...hurried, ends: 'Succeeded' },
  { name: 'an artifact that is gone', sizeBytes: MIB, gone: true, ends: 'Failed' },
  { name: 'a failing part', sizeBytes: 200 * MIB, faults: lastPartDenied, ends: 'Failed' },
  { name: 'a copy that proves wrong', sizeBytes: MIB, copiesOtherBytes: true, ends: 'Failed' },
  {
    name: 'a copy that proves wrong, without versioning',
    sizeBytes: MIB,
    copiesOtherBytes: true,
    unversioned: true,
    ends: 'Failed',
  },
];

const recordings = new Map<string, Recording>();
const keys: RecordedKeys[] = [];
const asked = new Set<string>();

beforeAll(async () => {
  const limit = pLimit(4);
  const own = CASES.map((job) =>
    limit(async () => recordings.set(job.name, await record(job, (made) => keys.push(made)))),
  );
  await Promise.all(own);
  // Every question that the embedded AWS asked of IAM on behalf of the role.
  for (const { action, resource } of [...recordings.values()].flatMap(accessesOf)) {
    asked.add(`${action} on ${targetOf(resource)}`);
  }
  const samples = readdirSync(SAMPLES_FOLDER).filter((file) => file.endsWith('.json'));
  await Promise.all(
    samples.map((file) =>
      limit(async () => recordings.set(file, await recordSample(join(SAMPLES_FOLDER, file)))),
    ),
  );
}, 120_000);

const accessesOf = ({ requests }: Recording) =>
  requests.flatMap(({ accesses }) => accesses).filter(({ principalArn }) => principalArn === ROLE_SESSION);

function targetOf(resource: string): GrantTarget {
  if (resource === '*') return 'any job';
  if (keys.some(({ source }) => source === resource)) return 'source keys';
  if (keys.some(({ destinations }) => destinations.includes(resource))) return 'destination keys';
  const [bucket = '', key] = resource.replace('arn:aws:s3:::', '').split('/');
  if (bucket === 'recorded-artifacts-eu-west-1')
    return key === undefined ? 'source bucket' : 'source objects';
  return key === undefined ? 'destination buckets' : 'destination objects';
}

const TARGETS: readonly GrantTarget[] = [
  'source bucket',
  'source objects',
  'source keys',
  'destination buckets',
  'destination objects',
  'destination keys',
  'any job',
];

describe('the recorded jobs', () => {
  it.each(CASES)('$name: ends as it should, with the role of the table', ({ name, ends }) => {
    const recording = recordings.get(name);
    expect(recording?.state, recording?.lines.join('\n')).toBe(ends);
  });

  it('are continued at least once', () => {
    expect(recordings.get('a continued job')?.continuations).toBeGreaterThan(0);
  });
});

describe('the table', () => {
  it('has exactly the operations that the function calls with its role, each on its side', () => {
    const called = new Set(
      [...recordings.values()].flatMap(({ requests, sourceBuckets }) =>
        requests.map(({ service, operation, bucket }) => {
          const side: Side =
            service === 'codepipeline'
              ? 'codepipeline'
              : sourceBuckets.includes(bucket ?? '')
                ? 'source'
                : 'destination';
          return `${operation} on ${side}`;
        }),
      ),
    );
    expect([...called].sort()).toEqual(
      OPERATIONS.map(({ operation, side }) => `${operation} on ${side}`).sort(),
    );
  });

  it('grants exactly the actions that AWS asks about when they are called', () => {
    const granted = TARGETS.flatMap((target) => actionsOn(target).map((action) => `${action} on ${target}`));
    expect([...asked].sort()).toEqual(granted.sort());
  });

  it('says why of every grant, and names each once for an operation', () => {
    for (const { needs } of OPERATIONS) {
      for (const { why } of needs) expect(why).not.toBe('');
      const named = needs.map(({ action, on }) => `${action} on ${on}`);
      expect(named).toEqual([...new Set(named)]);
    }
  });
});

const names = namesOf(topology);
const stack = synthesised(buildApp, topology).stack(names.stacks.syncArtifacts);

function roleOf(name: string) {
  const role = ofType(stack, 'AWS::IAM::Role').find(({ Properties }) => Properties.RoleName === name);
  return {
    statements: listAt(role?.Properties, 'Policies.0.PolicyDocument.Statement'),
    policies: listAt(role?.Properties, 'Policies').length,
    managedPolicies: role?.Properties.ManagedPolicyArns,
  };
}

describe('the role of the function', () => {
  const { statements, policies, managedPolicies } = roleOf(names.functionRole);

  it('allows what the table says, and besides only to log, to trace and to hand over lost jobs', () => {
    expect(statements.map((statement) => [at(statement, 'Sid'), at(statement, 'Action')])).toEqual([
      ['FindSources', actionsOn('source bucket')],
      ['ReadSources', actionsOn('source objects')],
      ['DecryptSources', actionsOn('source keys')],
      ['FindDestinations', actionsOn('destination buckets')],
      ['ReadAndWriteDestinations', actionsOn('destination objects')],
      ['EncryptDestinations', actionsOn('destination keys')],
      ['AnswerJobs', actionsOn('any job')],
      ['HandOverLostJobs', ['lambda:InvokeFunction']],
      ['WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents']],
      ['Trace', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']],
    ]);
    expect({ policies, managedPolicies }).toEqual({ policies: 1, managedPolicies: undefined });
  });

  it('uses keys through S3 only, those of sources also through that of the regions copied to', () => {
    const services = (sid: string): unknown =>
      at(
        statements.find((statement) => at(statement, 'Sid') === sid),
        'Condition.StringEquals.kms:ViaService',
      );
    const through = (regions: readonly string[]) => regions.map((region) => `s3.${region}.amazonaws.com`);
    const destinations = topology.destinations.map(({ region }) => region);
    expect(services('EncryptDestinations')).toEqual(through(destinations));
    expect(services('DecryptSources')).toEqual(through([topology.tools.primaryRegion, ...destinations]));
  });

  it('names every bucket and key; only jobs and traces are not resources that IAM knows', () => {
    const anywhere = statements.filter((statement) => [at(statement, 'Resource')].flat().includes('*'));
    expect(anywhere.map((statement) => at(statement, 'Sid'))).toEqual(['AnswerJobs', 'Trace']);
  });
});

describe('the role of the function for lost jobs', () => {
  it('may fail a job, and besides only log and trace', () => {
    const { statements, policies, managedPolicies } = roleOf(names.lostJobFunctionRole);
    expect(statements.map((statement) => [at(statement, 'Sid'), at(statement, 'Action')])).toEqual([
      ['AnswerJobs', ['codepipeline:PutJobFailureResult']],
      ['WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents']],
      ['Trace', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']],
    ]);
    expect({ policies, managedPolicies }).toEqual({ policies: 1, managedPolicies: undefined });
  });
});
