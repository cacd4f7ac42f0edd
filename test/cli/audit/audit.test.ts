// Audit on copies that the function made in the embedded AWS: nothing to say of them, then each thing that can become of a copy.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Audit, AuditedCopy } from '../../../cli/audit/audit.ts';
import { type AuditArguments, runAudit } from '../../../cli/audit/command.ts';
import type { AwsAccess } from '../../../cli/aws-clients.ts';
import { UsageError } from '../../../cli/usage-error.ts';
import { generated, toBuffer } from '../../../local/aws/content/content.ts';
import type { SimpleIdentity } from '../../../local/aws/state/identities.ts';
import { ACCOUNT, HOME, SOURCE, successOf, TestPipeline } from '../../functions/harness/test-pipeline.ts';

const EU = 'audit-eu';
const AP = 'audit-ap';
const KEY = 'pipeline/App/abc.zip';
const MANIFEST_KEY = 'pipeline/Manifest/xyz';
const MANIFEST = `s3://${SOURCE}/${MANIFEST_KEY}`;
const EXECUTION = '4f1b6c2e-0d3a-4c57-9b8e-2a6d1f7e5c90';
const PARAMETERS = { DestinationBuckets: [EU, AP], ExecutionId: EXECUTION };
/** docs/audit.md lists these. */
const PERMISSIONS = [
  'codepipeline:GetPipeline',
  'codepipeline:GetPipelineExecution',
  'codepipeline:ListActionExecutions',
  'kms:Decrypt',
  's3:GetObject',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
  's3:ListBucket',
];

/** A job that has been done. */
class Synced implements AsyncDisposable {
  readonly jobs: TestPipeline;
  readonly auditor: SimpleIdentity;

  private constructor(jobs: TestPipeline) {
    this.jobs = jobs;
    this.auditor = jobs.aws.addIdentity({
      principalArn: `arn:aws:iam::${ACCOUNT}:user/auditor`,
      may: [{ Effect: 'Allow', Action: PERMISSIONS, Resource: '*' }],
    });
  }

  static async start(
    options: { readonly checksum?: 'none'; readonly versioning?: 'Unversioned' } = {},
  ): Promise<Synced> {
    const jobs = await TestPipeline.start();
    const { checksum, versioning = 'Enabled' } = options;
    jobs.addArtifact('App', 1000, {
      revision: 'c0ffee',
      contentType: 'application/zip',
      metadata: { build: '7' },
      tags: { team: 'web' },
      ...(checksum === undefined ? {} : { checksum }),
    });
    jobs.addDestination(EU, { versioning });
    jobs.addDestination(AP, { region: 'ap-southeast-2', versioning });
    const location = { type: 'S3' as const, s3Location: { bucketName: SOURCE, objectKey: MANIFEST_KEY } };
    successOf(await jobs.invoke(PARAMETERS, { data: { outputArtifacts: [{ name: 'Manifest', location }] } }));
    return new Synced(jobs);
  }

  get access(): AwsAccess {
    return { region: HOME, endpoint: this.jobs.server.endpoint, credentials: this.auditor.credentials };
  }

  async print(options: AuditArguments): Promise<{ readonly exitCode: number; readonly text: string }> {
    let text = '';
    const write = (more: string): void => {
      text += more;
    };
    const exitCode = await runAudit(options, { write, columns: 140 }, this.access);
    return { exitCode, text };
  }

  async audit(options: AuditArguments = { manifest: [MANIFEST] }): Promise<Audit> {
    const { exitCode, text } = await this.print({ ...options, json: true });
    const audit = JSON.parse(text) as Audit;
    expect(exitCode).toBe(audit.ok ? 0 : 1);
    return audit;
  }

  /** Puts something in the place of the copy in Europe; by default the same in everything. */
  replace(
    put: Parameters<TestPipeline['aws']['putObject']>[3] = {},
    content = this.jobs.object(EU, KEY).content,
  ): void {
    this.jobs.aws.putObject(EU, KEY, content, {
      contentType: 'application/zip',
      metadata: { build: '7' },
      tags: { team: 'web' },
      ...put,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs[Symbol.asyncDispose]();
  }
}

function copyIn({ copies }: Audit, bucket: string): AuditedCopy {
  const copy = copies.find(({ destination }) => destination.bucket === bucket);
  if (copy === undefined) throw new Error(`no copy in ${bucket} was audited`);
  return copy;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});

describe('an audit of copies that are as they were made', () => {
  it('finds them the same, with execution, revision and date', async () => {
    await using synced = await Synced.start();

    const audit = await synced.audit();

    expect(audit.ok).toBe(true);
    expect(audit.copies.map(({ state, details }) => [state, details])).toEqual([
      ['same', ['It is the very version, with the same checksum.']],
      ['same', ['It is the very version, with the same checksum.']],
    ]);
    expect(copyIn(audit, EU)).toMatchObject({
      artifact: 'App',
      executionId: EXECUTION,
      revision: 'c0ffee',
      destination: { region: 'eu-west-1' },
      found: { bytes: 1000, since: expect.stringMatching(/^\d{4}-/) },
    });
  });

  it('takes the manifest from a file, as JSON or zipped', async () => {
    await using synced = await Synced.start();
    const zip = join(folder, 'manifest.zip');
    await writeFile(zip, toBuffer(synced.jobs.object(SOURCE, MANIFEST_KEY).content));

    const audit = await synced.audit({ manifest: [zip] });

    expect(audit.copies.map(({ state }) => state)).toEqual(['same', 'same']);
  });

  it('holds the copies of an event against its sources', async () => {
    await using synced = await Synced.start();
    const event = join(folder, 'event.json');
    await writeFile(event, JSON.stringify(synced.jobs.job(PARAMETERS).event));

    const audit = await synced.audit({ event });

    expect(audit.copies.map(({ state, details }) => [state, details])).toEqual([
      ['same', ['Same CRC64NVME.']],
      ['same', ['Same CRC64NVME.']],
    ]);
  });

  it('reads every byte when it is to be deep', async () => {
    await using synced = await Synced.start();

    const audit = await synced.audit({ manifest: [MANIFEST], deep: true });

    expect(audit.copies.map(({ details }) => details)).toEqual([
      ['All 1000 bytes were read: same CRC64NVME.'],
      ['All 1000 bytes were read: same CRC64NVME.'],
    ]);
  });

  it.each([
    ['by the manifest that its Sync action wrote', true, 'It is the very version, with the same checksum.'],
    ['by the inputs of its Sync action', false, 'Same CRC64NVME.'],
  ])('finds an execution of a pipeline %s', async (_, withManifest, detail) => {
    await using synced = await Synced.start();
    putPipeline(synced, withManifest);

    const latest = await synced.audit({ pipeline: 'shop' });
    const named = await synced.audit({ pipeline: 'shop', execution: EXECUTION });

    expect(named).toEqual(latest);
    expect(
      latest.copies.map(({ state, details, revision, executionId }) => [
        state,
        details,
        revision,
        executionId,
      ]),
    ).toEqual([
      ['same', [detail], 'f00dbabe', EXECUTION],
      ['same', [detail], 'f00dbabe', EXECUTION],
    ]);
  });
});

interface Change {
  readonly thing: string;
  readonly change: (synced: Synced) => void;
  readonly state: AuditedCopy['state'];
  readonly says: RegExp;
}

const CHANGES: readonly Change[] = [
  {
    thing: 'other bytes of the same size',
    change: (synced) => synced.replace({}, generated(1000, 99)),
    state: 'replaced',
    says: /CRC64NVME .* instead of /,
  },
  {
    thing: 'an object of another size',
    change: (synced) => synced.replace({}, generated(999, 99)),
    state: 'replaced',
    says: /999 bytes instead of 1000/,
  },
  {
    thing: 'the same bytes, written again',
    change: (synced) => synced.replace(),
    state: 'rewritten',
    says: /It is version .*, not /,
  },
  {
    thing: 'a deleted copy whose version is still there',
    change: (synced) => synced.jobs.aws.deleteObject(EU, KEY),
    state: 'vanished',
    says: /hidden by a delete marker; version .* is still there/,
  },
  {
    thing: 'a copy that is gone with its versions',
    change: (synced) => void synced.jobs.bucket(EU).objects.delete(KEY),
    state: 'vanished',
    says: /nor its version/,
  },
  {
    thing: 'another key',
    change: (synced) => {
      const key = synced.jobs.aws.createKey({ region: 'eu-west-1' });
      synced.replace({ kmsKeyArn: key.arn });
    },
    state: 're-encrypted',
    says: /instead of arn:aws:kms:eu-west-1/,
  },
  {
    thing: 'no KMS key',
    change: (synced) => {
      synced.jobs.bucket(EU).encryption = { algorithm: 'AES256' };
      synced.replace();
    },
    state: 're-encrypted',
    says: /no KMS key \(AES256\)/,
  },
  {
    thing: 'another content type',
    change: (synced) => synced.replace({ contentType: 'text/plain' }),
    state: 'changed',
    says: /headers differ/,
  },
  {
    thing: 'other metadata',
    change: (synced) => synced.replace({ metadata: { build: '8' } }),
    state: 'changed',
    says: /metadata differ/,
  },
  {
    thing: 'other tags',
    change: (synced) => {
      synced.jobs.object(EU, KEY).tags = { team: 'api' };
    },
    state: 'changed',
    says: /tags differ/,
  },
];

describe('an audit finds', () => {
  it.each(CHANGES)('$thing', async ({ change, state, says }) => {
    await using synced = await Synced.start();
    change(synced);

    const audit = await synced.audit();

    const copy = copyIn(audit, EU);
    expect(copy.state, copy.details.join(' ')).toBe(state);
    expect(copy.details.join(' ')).toMatch(says);
    expect(audit.ok).toBe(state === 'rewritten');
    expect(copyIn(audit, AP).state).toBe('same');
  });

  it('what it may not look at, and says what that takes', async () => {
    await using synced = await Synced.start();
    synced.auditor.may = [
      ...synced.auditor.may,
      { Effect: 'Deny', Action: 's3:GetObject', Resource: `arn:aws:s3:::${EU}/*` },
    ];

    const audit = await synced.audit();

    expect(copyIn(audit, EU)).toMatchObject({ state: 'unknown', ok: false });
    expect(copyIn(audit, EU).details.join(' ')).toContain('s3:GetObject');
  });

  it('that a source is gone, and compares with the manifest alone', async () => {
    await using synced = await Synced.start();
    synced.jobs.bucket(SOURCE).objects.delete(KEY);

    const audit = await synced.audit();

    expect(audit.ok).toBe(true);
    expect(copyIn(audit, EU).details).toContain('Headers and tags were not compared: the source is gone.');
  });
});

describe('an audit of copies that only their size identifies', () => {
  async function withoutProof(seed: number): Promise<Synced> {
    const synced = await Synced.start({ versioning: 'Unversioned' });
    synced.replace({ checksum: 'none' }, generated(1000, seed));
    return synced;
  }

  it('does not call them the same', async () => {
    await using synced = await withoutProof(1);
    const audit = await synced.audit();
    expect(copyIn(audit, EU)).toMatchObject({ state: 'unproved', ok: false });
    expect(copyIn(audit, EU).details.join(' ')).toContain('--deep');
  });

  it('tells by reading whether they are', async () => {
    await using same = await withoutProof(1);
    await using other = await withoutProof(2);

    const [audit, otherAudit] = [
      await same.audit({ manifest: [MANIFEST], deep: true }),
      await other.audit({ manifest: [MANIFEST], deep: true }),
    ];

    expect(copyIn(audit, EU).state).toBe('same');
    expect(copyIn(otherAudit, EU)).toMatchObject({ state: 'replaced', ok: false });
  });
});

describe('what audit prints', () => {
  it('is a table, and below it what is not as it was', async () => {
    await using synced = await Synced.start();
    synced.jobs.aws.deleteObject(EU, KEY);

    const { exitCode, text } = await synced.print({ manifest: [MANIFEST] });

    expect(exitCode).toBe(1);
    expect(text).toMatch(/App +eu-west-1 +audit-eu .*c0ffee .*✗ vanished/);
    expect(text).toMatch(/App +ap-southeast-2 +audit-ap .*✓ same/);
    expect(text).toContain(`✗ vanished: App at s3://${EU}/${KEY}`);
    expect(text).toMatch(/1 copy of 2 cannot be shown to be what was built\.\n$/);
  });

  it('is a page too, which runs nothing and shows names as text', async () => {
    await using synced = await Synced.start();
    const report = join(folder, 'audit.html');

    await synced.print({ manifest: [MANIFEST], report });

    const page = await readFile(report, 'utf8');
    expect(page).toContain('All 2 copies are what was built.');
    expect(page).toContain(`<td>${EU}</td>`);
    expect(page).not.toMatch(/<script/i);
  });
});

describe('audit refuses', () => {
  let synced: Synced;
  beforeAll(async () => {
    synced = await Synced.start();
    putPipeline(synced, true);
  });
  afterAll(async () => {
    await synced[Symbol.asyncDispose]();
  });

  it.each<[string, AuditArguments, RegExp]>([
    ['no options', {}, /give exactly one of --manifest/],
    ['two subjects', { manifest: ['a'], event: 'b' }, /give exactly one/],
    ['a file that is not there', { manifest: ['no/file.json'] }, /no\/file\.json cannot be read/],
    ['an object that is not there', { manifest: [`s3://${SOURCE}/no`] }, /cannot be read: NoSuchKey/],
    ['what is not a manifest', { manifest: ['package.json'] }, /not a sync-manifest\.json of version 1/],
    ['an event that is not one', { event: 'package.json' }, /--event package\.json: .*event/],
    ['an execution that did not sync', { pipeline: 'shop', execution: 'other' }, /has not succeeded there/],
  ])('%s', async (_, options, message) => {
    const failure = await synced.print(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toMatch(message);
  });
});

function putPipeline({ jobs }: Synced, withManifest: boolean): void {
  const configuration = { FunctionName: 'sync-artifacts', UserParameters: JSON.stringify(PARAMETERS) };
  jobs.aws.pipelines.put({
    accountId: ACCOUNT,
    region: HOME,
    declaration: {
      name: 'shop',
      roleArn: `arn:aws:iam::${ACCOUNT}:role/pipeline`,
      artifactStore: { type: 'S3', location: SOURCE },
      stages: [
        {
          name: 'Sync',
          actions: [
            {
              name: 'SyncArtifacts',
              actionTypeId: { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' },
              configuration,
              inputArtifacts: [{ name: 'App' }],
            },
          ],
        },
      ],
    },
    executions: [
      { pipelineExecutionId: EXECUTION, artifactRevisions: [{ name: 'App', revisionId: 'f00dbabe' }] },
    ],
    actionExecutions: [
      {
        pipelineExecutionId: EXECUTION,
        stageName: 'Sync',
        actionName: 'SyncArtifacts',
        status: 'Succeeded',
        input: {
          configuration,
          resolvedConfiguration: configuration,
          inputArtifacts: [{ name: 'App', s3location: { bucket: SOURCE, key: KEY } }],
        },
        output: {
          outputArtifacts: withManifest
            ? [{ name: 'Manifest', s3location: { bucket: SOURCE, key: MANIFEST_KEY } }]
            : [],
        },
      },
    ],
  });
}

it('asks for the permissions that its documents list', async () => {
  const text = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  const { Statement } = JSON.parse(json) as { readonly Statement: { readonly Action: string[] }[] };
  expect(Statement.flatMap(({ Action }) => Action).sort()).toEqual(PERMISSIONS);
});
