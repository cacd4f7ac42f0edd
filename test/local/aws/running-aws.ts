// An embedded AWS for the tests of one file, and clients for whoever is to ask it.
import { CodePipeline } from '@aws-sdk/client-codepipeline';
import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
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

/** Posts a body that is signed for a service as no client of the SDK is used for here. */
export async function signedPost(
  { endpoint, admin }: RunningAws,
  request: {
    readonly service: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly region?: string | undefined;
    readonly credentials?: Credentials | undefined;
  },
): Promise<Response> {
  const { service, body, region = 'us-east-1', credentials = admin } = request;
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    ...{ method: 'POST', protocol: 'http:', hostname, port: Number(port), path: '/', query: {} },
    headers: { host, ...request.headers },
    body,
  });
  return fetch(endpoint, { method: 'POST', headers, body });
}

/** A name that no other test's bucket has. */
export function freshName(): string {
  return `bucket-${crypto.randomUUID().slice(0, 18)}`;
}
