// No part of any credential leaves the function: not in its output at the most verbose level, not in a result, not in a token.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../functions/sync-artifacts/telemetry/logger.ts';
import { createTelemetry } from '../../functions/sync-artifacts/telemetry/telemetry.ts';
import { generated } from '../../local/aws/content/content.ts';
import type { Credentials } from '../../local/aws/state/identities.ts';
import type { LambdaFunction } from '../../local/lambda/lambda.ts';
import { deployed, runAction } from './harness/bundle-runs.ts';
import { printedBy } from './harness/cold-start.ts';
import { errorOf, faultAt } from './harness/faults.ts';
import { MIB, MULTIPART_BYTES, SOURCE, TestPipeline } from './harness/test-pipeline.ts';

/** Whatever a library or AWS documents as making Lambda functions talk. */
const VERBOSE = {
  POWERTOOLS_LOG_LEVEL: 'TRACE',
  AWS_LAMBDA_LOG_LEVEL: 'TRACE',
  LOG_LEVEL: 'TRACE',
  POWERTOOLS_LOGGER_LOG_EVENT: 'true',
  POWERTOOLS_LOGGER_SAMPLE_RATE: '1',
  POWERTOOLS_DEV: 'true',
  NODE_DEBUG: 'lambda',
  AWS_SDK_LOG_LEVEL: 'trace',
  DEBUG: '*',
};
/** This many characters of a secret in a row are not a coincidence. */
const REVEALING_CHARACTERS = 12;

const DESTINATION = 'secrets-eu';

/** Pieces of text that occur in a credential: every window of this many characters. */
function findSecret(
  text: string,
  { accessKeyId, secretAccessKey, sessionToken = '' }: Credentials,
): string[] {
  const decoded = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return [accessKeyId, secretAccessKey, sessionToken].flatMap((secret) =>
    Array.from({ length: Math.max(0, secret.length - REVEALING_CHARACTERS + 1) }, (_, start) =>
      secret.slice(start, start + REVEALING_CHARACTERS),
    ).filter((piece) => text.includes(piece) || decoded.includes(piece)),
  );
}

interface Story {
  readonly what: string;
  readonly prepare?: (pipeline: TestPipeline) => void;
  readonly parameters?: object;
  /** What differs from the warm function that has all other stories. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly ends: string;
  /** What the output holds. */
  readonly logs?: string;
}

const STORIES: readonly Story[] = [
  { what: 'successful', ends: 'PutJobSuccessResult' },
  {
    what: 'successful, in production,',
    environment: { POWERTOOLS_DEV: 'false' },
    ends: 'PutJobSuccessResult',
  },
  { what: 'relaying', parameters: { Mode: 'relay' }, ends: 'PutJobSuccessResult' },
  {
    what: 'falling back to a relay',
    prepare: (pipeline) => pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`),
    ends: 'PutJobSuccessResult',
  },
  {
    what: 'misconfigured',
    parameters: { DestinationBucket: 'Bad Name' },
    ends: 'PutJobFailureResult',
  },
  {
    what: 'denied',
    prepare: (pipeline) => pipeline.deny(['s3:PutObject'], '*'),
    ends: 'PutJobFailureResult',
  },
  {
    what: 'refused for its credentials',
    parameters: { Mode: 'relay' },
    prepare: (pipeline) => {
      pipeline.faults = faultAt('GetObject', errorOf(403, 'InvalidAccessKeyId', 'The key does not exist'));
    },
    ends: 'PutJobFailureResult',
  },
  {
    what: 'left with credentials that run out',
    parameters: { Mode: 'relay' },
    prepare: (job) => {
      const { aws: world } = job;
      job.faults = faultAt('GetJobDetails', errorOf(400, 'ValidationException'));
      const add = world.addSession.bind(world);
      world.addSession = (session) =>
        add(Object.assign(session, { expiresAt: new Date(Date.now() + 120_000) }));
    },
    ends: 'PutJobSuccessResult',
    logs: 'seem to have run out',
  },
  {
    what: 'throttled and cut off',
    prepare: (pipeline) => {
      let asked = 0;
      pipeline.faults = ({ operation, phase }) => {
        if (phase === 'after' || operation !== 'UploadPartCopy' || ++asked > 3) return undefined;
        return asked % 2 === 0 ? { kind: 'reset' } : { kind: 'error', status: 503, code: 'SlowDown' };
      };
    },
    ends: 'PutJobSuccessResult',
  },
];

let pipeline: TestPipeline;
let issued: Credentials[];
beforeAll(async () => {
  pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', MULTIPART_BYTES);
  pipeline.addArtifact('Templates', 1000, { tags: { a: 'b' } });
  pipeline.addDestination(DESTINATION);
  issued = issuedCredentials(pipeline);
});
afterAll(() => pipeline[Symbol.asyncDispose]());
beforeEach(() => {
  const { role, aws } = pipeline;
  const { may } = role;
  const { addSession } = aws;
  pipeline.bucket(DESTINATION).objects.clear();
  return () => {
    role.may = may;
    aws.addSession = addSession;
    pipeline.faults = undefined;
  };
});

/** Neither the role's credentials nor those of any job are in a text. */
function expectNoSecret(...texts: readonly string[]): void {
  expect(issued.length).toBeGreaterThan(0);
  for (const credentials of [...issued, pipeline.role.credentials])
    for (const text of texts) expect(findSecret(text, credentials)).toEqual([]);
}

describe('a job that is', () => {
  const environment = { ...VERBOSE, SYNC_RETRY_BUDGET_MS: '20000' };
  let warm: LambdaFunction;
  beforeAll(() => {
    warm = deployed(pipeline, { environment });
  });
  afterAll(() => warm[Symbol.asyncDispose]());

  it.each(STORIES)('$what reveals no secret', async (story) => {
    const { prepare, parameters, ends, logs = '"level"' } = story;
    prepare?.(pipeline);

    const run = await runAction(
      pipeline,
      { DestinationBucket: DESTINATION, ...parameters },
      story.environment ? { environment: { ...environment, ...story.environment } } : warm,
    );

    expect(run.results.map(({ operation }) => operation)).toEqual([ends]);
    expect(run.output).toContain(logs);
    expectNoSecret(run.output, JSON.stringify(run.results.map(({ input }) => input)));
  });
});

describe('a job that is continued', () => {
  it('reveals no secret, neither in its output nor in its tokens, and is one job in the log', async () => {
    const [app] = pipeline.artifacts;
    pipeline.aws.putObject(SOURCE, app?.location.s3Location.objectKey ?? '', generated(400 * MIB));
    pipeline.faults = faultAt('UploadPartCopy', { kind: 'stall', delayMs: 200 });
    const environment = { ...VERBOSE, SYNC_MAX_CONCURRENCY: '1' };
    const options = { timeoutMs: 2_500, environment };
    const run = await runAction(
      pipeline,
      { DestinationBucket: DESTINATION, InputArtifacts: ['App'] },
      options,
    );

    const last = run.results.at(-1);
    expect(run.results.length).toBeGreaterThan(1);
    expect(last?.operation).toBe('PutJobSuccessResult');
    expect(last?.input.continuationToken).toBeUndefined();
    expect(issued.length).toBeGreaterThanOrEqual(run.results.length);
    expectNoSecret(run.output, JSON.stringify(run.results));

    for (const { input } of run.results.slice(0, -1)) {
      const [, digest = 'no token'] = String(input.continuationToken).split('.');
      expect(digest).toHaveLength(22);
      expect(run.output).not.toContain(digest);
    }

    const ids = [...run.output.matchAll(/"correlation_id":\s*"([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBe([...run.output.matchAll(/"level":/g)].length);
    expect(new Set(ids)).toEqual(new Set([run.results[0]?.jobId]));
  });
});

describe('the record of a lost job', () => {
  let lambda: LambdaFunction;
  beforeAll(() => {
    lambda = deployed(pipeline, { entry: 'lost-job.mjs', environment: VERBOSE });
  });
  afterAll(() => lambda[Symbol.asyncDispose]());

  it.each([
    ['timed out', { errorMessage: 'Task timed out after 900.00 seconds' }],
    ['quoted its event', undefined],
  ])('of a function that %s reveals no secret', async (_what, response) => {
    const job = pipeline.job({ DestinationBucket: DESTINATION });
    const responsePayload = response ?? {
      errorMessage: JSON.stringify(job.event),
      trace: [JSON.stringify(job.event)],
    };
    const record = {
      version: '1.0',
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: job.event,
      responsePayload,
    };
    const { outcome, lines } = await lambda.invoke(record);
    expect(outcome).toBe('ok');
    const output = lines.join('\n');
    expect(output).toContain('Job lost');
    expectNoSecret(output, JSON.stringify(pipeline.aws.codePipeline.results));
  });
});

describe('the logger, should anybody hand it a secret,', () => {
  it.each([
    'artifactCredentials',
    'accessKeyId',
    'secretAccessKey',
    'SecretAccessKey',
    'sessionToken',
    'credentials',
    'Authorization',
    'x-amz-security-token',
    'continuationToken',
  ])('writes nothing of what is called %s, however deep it is', async (name) => {
    const logger = createLogger({}, () => []);
    const lines = await printedBy(async () =>
      logger.info('A line', { [name]: 'a secret', request: { headers: [{ [name]: { of: 'a secret' } }] } }),
    );
    expect(lines).toMatchObject([{ [name]: '[redacted]', request: { headers: [{ [name]: '[redacted]' }] } }]);
    expect(JSON.stringify(lines)).not.toContain('a secret');
  });
});

describe('telemetry', () => {
  it('shows nothing that it is to hide, whatever that is part of', async () => {
    const telemetry = createTelemetry({ AWS_SESSION_TOKEN: 'the token of the role' });
    telemetry.hide(['a secret of the job', undefined, '']);

    const lines = await printedBy(async () => {
      telemetry.begin({ requestId: 'request-1' });
      telemetry.warn('It is <a secret of the job>', {
        cause: ['the token of the role', { of: 'a secret of the job' }],
      });
      await telemetry.flush();
    });

    expect(lines).toMatchObject([
      { message: 'It is <[redacted]>', cause: ['[redacted]', { of: '[redacted]' }] },
    ]);
  });
});

/** The credentials of every job, from now on. */
function issuedCredentials({ aws: world }: TestPipeline): Credentials[] {
  const issued: Credentials[] = [];
  const add = world.addSession.bind(world);
  world.addSession = (session) => {
    issued.push(session.credentials);
    return add(session);
  };
  return issued;
}
