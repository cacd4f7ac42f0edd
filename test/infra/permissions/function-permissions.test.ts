// The function's role against what the function really does: every operation and every IAM question, none missing, none spare.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type GrantTarget, OPERATIONS, type Side } from '../../../functions/sync-artifacts/aws/operations.ts';
import { buildApp } from '../../../infra/build-app.ts';
import { actionsOn } from '../../../infra/permissions/function-permissions.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology } from '../../../infra/topology.ts';
import type { Fault, FaultHook, FaultPoint } from '../../../local/aws/faults/faults.ts';
import { SAMPLES_FOLDER } from '../../../local/pipeline/scenarios.ts';
import { at, listAt, ofType, synthesised } from '../synthesised.ts';
import {
  type JobCase,
  type RecorderOptions,
  type Recording,
  ROLE_SESSION,
  recordSample,
  startRecorder,
} from './recorded-jobs.ts';

const MIB = 2 ** 20;
const beforeRequest =
  (fault: Fault, matches: (point: FaultPoint) => boolean): FaultHook =>
  (point) =>
    point.phase === 'before' && matches(point) ? fault : undefined;
const slowParts = beforeRequest({ kind: 'stall', delayMs: 250 }, ({ operation }) =>
  operation.startsWith('UploadPart'),
);
const lastPartDenied = beforeRequest(
  { kind: 'error', status: 400, code: 'InvalidRequest', message: 'denied for the test' },
  ({ operation, partNumber }) => operation === 'UploadPartCopy' && partNumber === 2,
);

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

const CONTINUED: JobCase = {
  name: 'a continued job',
  sizeBytes: 1024 * MIB,
  faults: slowParts,
  ends: 'Succeeded',
};
/** Little time and two requests at a time, so that a job of several parts is continued. */
const HURRIED: RecorderOptions = {
  timeoutMs: 5_000,
  environment: { SYNC_DEADLINE_MARGIN_MS: '1500', SYNC_MAX_CONCURRENCY: '2' },
};

const recordings = new Map<string, Recording>();
const samples: Recording[] = [];

async function recordAll(cases: readonly JobCase[], options?: RecorderOptions): Promise<void> {
  await using recorder = await startRecorder(options);
  for (const job of cases) recordings.set(job.name, await recorder.record(job));
}

beforeAll(async () => {
  await Promise.all([recordAll(CASES), recordAll([CONTINUED], HURRIED)]);
  for (const file of readdirSync(SAMPLES_FOLDER).filter((name) => name.endsWith('.json')))
    samples.push(await recordSample(join(SAMPLES_FOLDER, file)));
});

/** Every question that the embedded AWS asked of IAM on behalf of the role. */
function questionsOf({ requests, sourceKeys, destinationKeys }: Recording): string[] {
  const targetOf = (resource: string): GrantTarget => {
    if (resource === '*') return 'any job';
    if (sourceKeys.includes(resource)) return 'source keys';
    if (destinationKeys.includes(resource)) return 'destination keys';
    const isObject = resource.includes('/');
    if (resource.startsWith('arn:aws:s3:::source-')) return isObject ? 'source objects' : 'source bucket';
    return isObject ? 'destination objects' : 'destination buckets';
  };
  return requests
    .flatMap(({ accesses }) => accesses)
    .filter(({ principalArn }) => principalArn === ROLE_SESSION)
    .map(({ action, resource }) => `${action} on ${targetOf(resource)}`);
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
  it.each([...CASES, CONTINUED])('$name: ends as it should, with the role of the table', ({ name, ends }) => {
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
      [...recordings.values(), ...samples].flatMap(({ requests, sourceBuckets }) =>
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
    const asked = new Set([...recordings.values()].flatMap(questionsOf));
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
