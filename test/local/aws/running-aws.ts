// An embedded AWS for the tests of one file, and clients for whoever is to ask it.
import { CodePipeline } from '@aws-sdk/client-codepipeline';
import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import {
  type EmbeddedAws,
  type EmbeddedAwsOptions,
  startEmbeddedAws,
} from '../../../local/aws/embedded-aws.ts';
import type { Credentials, PolicyStatement, SimpleIdentity } from '../../../local/aws/state/identities.ts';
import type { World } from '../../../local/aws/state/world.ts';

export interface RunningAws {
  readonly endpoint: string;
  readonly world: World;
  readonly admin: Credentials;
  /** The administrator's client, or that of somebody else. */
  s3(options?: S3ClientConfig): S3;
  codePipeline(credentials?: Credentials): CodePipeline;
  /** Somebody new who may do this and nothing else. */
  someone(...may: PolicyStatement[]): SimpleIdentity;
}

/** Starts it before the tests and stops it after them; the returned function gives it while they run. */
export function useAws(options: EmbeddedAwsOptions = {}): () => RunningAws {
  let aws: EmbeddedAws | undefined;
  const open: { destroy(): void }[] = [];
  beforeAll(async () => {
    aws = await startEmbeddedAws(options);
  });
  afterAll(async () => {
    for (const client of open) {
      client.destroy();
    }
    await aws?.close();
  });
  return () => {
    if (aws === undefined) {
      throw new Error('the embedded AWS is there only while tests run');
    }
    const { endpoint, world, admin } = aws;
    return {
      endpoint,
      world,
      admin,
      s3: ({ region = 'us-east-1', credentials = admin, ...more } = {}) => {
        const client = new S3({ endpoint, region, credentials, maxAttempts: 1, ...more });
        open.push(client);
        return client;
      },
      codePipeline: (credentials = admin) => {
        const client = new CodePipeline({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
        open.push(client);
        return client;
      },
      someone: (...may) =>
        world.addIdentity({ principalArn: 'arn:aws:sts::111122223333:assumed-role/Someone/s', may }),
    };
  };
}

/** A name that no other test's bucket has. */
export function freshName(): string {
  return `bucket-${crypto.randomUUID().slice(0, 18)}`;
}
