// The document that `--json` prints: its schema, from which its type and schemas/replay-report.schema.json are made.
import * as v from 'valibot';

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.description('Milliseconds.'));
const bytes = v.pipe(v.number(), v.integer(), v.minValue(0), v.description('Bytes.'));
const counts = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)));

const result = v.pipe(
  v.strictObject({
    status: v.pipe(
      v.picklist(['Succeeded', 'Failed', 'NoAnswer']),
      v.description('NoAnswer: CodePipeline would wait for 20 minutes and then fail the action.'),
    ),
    failureType: v.exactOptional(v.string()),
    message: v.exactOptional(v.string()),
    summary: v.exactOptional(v.string()),
    externalExecutionId: v.exactOptional(v.string()),
    outputVariables: v.exactOptional(v.record(v.string(), v.string())),
  }),
  v.description('The job result as the pipeline sees it.'),
);

const copy = v.strictObject({
  artifact: v.string(),
  bucket: v.string(),
  key: v.string(),
  region: v.string(),
  status: v.pipe(
    v.picklist(['copied', 'already-there', 'is-source', 'failed', 'not-finished']),
    v.description(
      'copied: made by this job. already-there: found and proved to be the same. is-source: the destination is the source itself. ' +
        'failed: a request for it failed for good, or the copy was not right and was removed. not-finished: the job ended before it was made.',
    ),
  ),
  error: v.exactOptional(
    v.pipe(
      v.strictObject({
        operation: v.string(),
        httpStatus: v.pipe(v.number(), v.integer(), v.description('0 when the connection broke.')),
        code: v.exactOptional(v.string()),
      }),
      v.description('The last answer that a failed copy got.'),
    ),
  ),
  sizeBytes: v.exactOptional(bytes),
  strategy: v.exactOptional(
    v.pipe(v.string(), v.description('As in the manifest: object, multipart, relay, skip or same-object.')),
  ),
  proof: v.exactOptional(
    v.pipe(v.string(), v.description('checksum, composite, relayed, etag or size-only; absent without one.')),
  ),
  durationMs: v.exactOptional(milliseconds),
  kmsKeyArn: v.exactOptional(v.string()),
  identical: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description(
        'Bytes, key, headers, metadata and tags are right; absent when the copy was not compared.',
      ),
    ),
  ),
  problems: v.exactOptional(v.array(v.string())),
});

const invocation = v.strictObject({
  jobId: v.string(),
  requestId: v.string(),
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1)),
  outcome: v.picklist(['ok', 'error', 'timeout', 'out-of-memory', 'crash']),
  errorMessage: v.exactOptional(v.string()),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  initMs: v.pipe(milliseconds, v.description('Import of the bundle; 0 for a warm start.')),
  durationMs: milliseconds,
  peakMemoryBytes: v.exactOptional(bytes),
  cpuMs: v.exactOptional(milliseconds),
  logs: v.pipe(v.array(v.unknown()), v.description('Structured lines as objects, others as text.')),
});

const runEntries = {
  result,
  continuations: v.pipe(v.number(), v.integer(), v.minValue(0)),
  copies: v.array(copy),
  manifest: v.exactOptional(
    v.pipe(
      v.unknown(),
      v.description('sync-manifest.json of the output artifact; see sync-manifest.schema.json.'),
    ),
  ),
  invocations: v.array(invocation),
  requests: v.pipe(
    counts,
    v.description('Requests that the embedded AWS answered to the function, by operation.'),
  ),
  jobMs: milliseconds,
};

const run = v.strictObject(runEntries);

/** The schema of `--json`; `schemas/replay-report.schema.json` is generated from it. */
export const replayReportSchema = v.strictObject({
  event: v.pipe(v.string(), v.description('The event file, from the working directory if it is below that.')),
  shows: v.pipe(v.string(), v.description('What the sample shows.')),
  target: v.pipe(
    v.picklist(['embedded', 'live']),
    v.description(
      'live: the real AWS, or the S3 server that the shell points to; nothing is compared there.',
    ),
  ),
  verdict: v.pipe(
    v.picklist(['succeeded', 'failed-as-expected', 'failed', 'wrong-copies', 'out-of-memory', 'no-result']),
    v.description(
      'succeeded: the job succeeded and every copy that was compared is right. failed-as-expected: a sample that is meant to fail, and did so in the way it is meant to. ' +
        'wrong-copies: the job succeeded, a copy is not right. out-of-memory: Lambda kills the function for its memory. no-result: the job got none.',
    ),
  ),
  exitCode: v.pipe(v.picklist([0, 1]), v.description('0 for succeeded only.')),
  expectedFailure: v.exactOptional(v.string()),
  assumptions: v.pipe(
    v.array(v.string()),
    v.description('What the event does not say and the replay took for granted.'),
  ),
  ...runEntries,
  firstRun: v.exactOptional(v.pipe(run, v.description('With --twice: the run before this one.'))),
  changedSources: v.pipe(
    v.array(v.string()),
    v.description(
      'Artifacts that were overwritten or deleted mid-job; copies are compared with the version that the job began with.',
    ),
  ),
  faults: v.pipe(counts, v.description('How often each kind of fault that was asked for struck.')),
  network: v.exactOptional(
    v.pipe(
      v.strictObject({
        homeRegion: v.pipe(v.string(), v.description('Where the pipeline and the function are.')),
        roundTripMs: v.pipe(
          v.record(v.string(), v.number()),
          v.description('From there to each region that is copied to.'),
        ),
        limitMs: v.exactOptional(v.pipe(milliseconds, v.description('What no client can beat.'))),
        answers: v.pipe(v.number(), v.integer(), v.description('Answers that were held back by the model.')),
        latenessMs: v.exactOptional(v.pipe(v.number(), v.description('How late they left (median).'))),
      }),
      v.description('With --wan: the modelled network.'),
    ),
  ),
  memoryMib: v.pipe(v.number(), v.integer(), v.description('What the function may use.')),
  timeoutMs: milliseconds,
  functionPeakBytes: v.exactOptional(bytes),
  compareMs: milliseconds,
  comparedBytes: bytes,
});

/** A whole replay. */
export type ReplayReport = v.InferOutput<typeof replayReportSchema>;
/** One run of the job, to its final result. */
export type RunReport = v.InferOutput<typeof run>;
/** The job result as the pipeline sees it. */
export type JobOutcome = v.InferOutput<typeof result>;
/** One copy: what the function says about it and what the replay found. */
export type CopyOutcome = v.InferOutput<typeof copy>;
/** How a replay went. */
export type ReplayVerdict = ReplayReport['verdict'];
