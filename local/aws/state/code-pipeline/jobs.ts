// CodePipeline's side of an Invoke action: its jobs, their states, and the new job that answers a continuation token.
import { randomUUID } from 'node:crypto';
import { AwsError } from '../../aws-error.ts';
import type { Credentials, Identity } from '../identities.ts';

/** An artifact as the event names it. */
export interface Artifact {
  readonly name: string;
  readonly revision?: string | null;
  readonly location: {
    readonly type: 'S3';
    readonly s3Location: { readonly bucketName: string; readonly objectKey: string };
  };
}

/** The `data` of a job as the event carries it. */
export interface JobData {
  readonly actionConfiguration: { readonly configuration: Readonly<Record<string, string>> };
  readonly inputArtifacts: readonly Artifact[];
  readonly outputArtifacts: readonly Artifact[];
  readonly artifactCredentials: Credentials & { readonly expirationTime?: number };
  readonly encryptionKey?: { readonly id: string; readonly type: 'KMS' } | null;
  readonly continuationToken?: string;
}

/** `Continued` is a job that handed over to another one with a continuation token. */
export type JobState = 'Open' | 'Succeeded' | 'Failed' | 'Continued';

/** One job of an action. */
export interface Job {
  readonly id: string;
  readonly accountId: string;
  readonly data: JobData;
  /** What the function is invoked with. */
  readonly event: { readonly 'CodePipeline.job': { id: string; accountId: string; data: JobData } };
  /** The job whose continuation token this one carries. */
  readonly continues: string | undefined;
  readonly roleArn: string | undefined;
  readonly origin: JobOrigin | undefined;
  /** Stays the same through all jobs of one action execution. */
  readonly actionExecutionId: string;
}

/** Which action of which execution a job is of (CodePipeline API, PipelineContext). */
export interface JobOrigin {
  readonly pipelineName: string;
  readonly stage: string;
  readonly action: string;
  readonly pipelineExecutionId: string;
}

/** What a job is made of. */
export interface NewJob {
  readonly jobId?: string;
  readonly accountId: string;
  /** The pipeline's role, of which artifactCredentials are a session; without one they stand for themselves. */
  readonly roleArn?: string | undefined;
  readonly origin?: JobOrigin | undefined;
  /** Credentials that are given are made valid as they are; without any, the job gets new ones. */
  readonly data: Omit<JobData, 'artifactCredentials'> & {
    readonly artifactCredentials?: JobData['artifactCredentials'] | null | undefined;
  };
}

/** An accepted PutJobSuccessResult or PutJobFailureResult. */
export interface JobResult {
  readonly jobId: string;
  readonly operation: 'PutJobSuccessResult' | 'PutJobFailureResult';
  readonly input: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** Makes the session behind a job's artifactCredentials. */
type CredentialsIssuer = (job: Pick<NewJob, 'accountId' | 'roleArn' | 'data'>) => Identity;

/** The jobs of one CodePipeline. */
export class CodePipelineJobs {
  readonly results: JobResult[] = [];
  readonly #issuer: CredentialsIssuer;
  readonly #jobs = new Map<string, { job: Job; state: JobState }>();
  readonly #listeners = new Set<(job: Job) => void>();

  constructor(issuer: CredentialsIssuer) {
    this.#issuer = issuer;
  }

  /** Makes a job that waits for its result. */
  createJob({ jobId = randomUUID(), ...job }: NewJob): Job {
    return this.#create(jobId, job, undefined);
  }

  /** Calls back for every job that a continuation token brings about: invoke the function with its event. */
  onJob(listener: (job: Job) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  state(jobId: string): JobState | undefined {
    return this.#jobs.get(jobId)?.state;
  }

  /** The job that was made last. */
  get newest(): Job | undefined {
    return [...this.#jobs.values()].at(-1)?.job;
  }

  get(jobId: string): Job | undefined {
    return this.#jobs.get(jobId)?.job;
  }

  /** Takes a result for an open job. @throws JobNotFoundException, InvalidJobStateException */
  recordResult(result: JobResult, continuationToken: string | undefined): void {
    const entry = this.#entry(result.jobId);
    if (entry.state !== 'Open') {
      throw new AwsError(
        400,
        'InvalidJobStateException',
        `Job ${result.jobId} has already been given a result: it is ${entry.state}`,
      );
    }
    this.results.push(result);
    if (result.operation === 'PutJobFailureResult') {
      entry.state = 'Failed';
    } else if (continuationToken === undefined) {
      entry.state = 'Succeeded';
    } else {
      entry.state = 'Continued';
      const { accountId, origin, roleArn, data: old } = entry.job;
      const { artifactCredentials: _expired, ...data } = old;
      const job = { accountId, origin, roleArn, data: { ...data, continuationToken } };
      const next = this.#create(randomUUID(), job, entry.job);
      for (const listener of this.#listeners) listener(next);
    }
  }

  /** New credentials for a job, as GetJobDetails returns them. @throws JobNotFoundException */
  refresh(jobId: string): Job {
    const { job } = this.#entry(jobId);
    const { artifactCredentials: _old, ...data } = job.data;
    return { ...job, data: { ...data, artifactCredentials: this.#credentials({ ...job, data }) } };
  }

  #entry(jobId: string): { job: Job; state: JobState } {
    const entry = this.#jobs.get(jobId);
    if (entry !== undefined) return entry;
    throw new AwsError(400, 'JobNotFoundException', `Can't find job with id ${jobId}`);
  }

  #create(id: string, job: Omit<NewJob, 'jobId'>, previous: Job | undefined): Job {
    const { accountId, origin, roleArn } = job;
    const data: JobData = { ...job.data, artifactCredentials: this.#credentials(job) };
    const created: Job = {
      id,
      accountId,
      roleArn,
      origin,
      data,
      event: { 'CodePipeline.job': { id, accountId, data } },
      continues: previous?.id,
      actionExecutionId: previous?.actionExecutionId ?? randomUUID(),
    };
    this.#jobs.set(id, { job: created, state: 'Open' });
    return created;
  }

  #credentials(job: Omit<NewJob, 'jobId'>): JobData['artifactCredentials'] {
    const { credentials, expiresAt } = this.#issuer(job);
    return { ...credentials, ...(expiresAt && { expirationTime: expiresAt.getTime() }) };
  }
}
