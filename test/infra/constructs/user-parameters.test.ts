// What a construct says about props that the function would refuse: by the prop's name, without a stack trace.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type SyncOptions, userParameters } from '../../../infra/constructs/user-parameters.ts';

function refusal(options: unknown): Error {
  try {
    userParameters(options as SyncOptions);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('was not refused');
}

describe('props of a Sync action', () => {
  it.each([
    [{ destinations: [{ bucketName: 'My_Bucket' }] }, 'Prop destinations[0].bucketName is "My_Bucket"'],
    [
      { destinations: [{ bucketName: 'good-bucket' }, { bucketName: 'Bad_Bucket', region: 'eu' }] },
      'Prop destinations[1].region is "eu"',
    ],
    [
      { destinations: [{ bucketName: 'good-bucket', kmsKeyId: '??' }] },
      'Prop destinations[0].kmsKeyId is "??"',
    ],
    [{ destinations: [{ bucketName: 'good-bucket' }], mode: 'fast' }, 'Prop mode is "fast"'],
    [{ destinations: [{ bucketName: 'good-bucket' }], key: '{bad}' }, 'Prop key is "{bad}"'],
    [
      { destinations: [{ bucketName: 'good-bucket' }], inputArtifacts: ['a b'] },
      'Prop inputArtifacts[0] is "a b"',
    ],
  ])('%j are refused by name', (options, message) => {
    const error = refusal(options);
    const { message: text } = error;
    expect(text).toContain(message);
    expect(text).not.toContain('UserParameters');
    expect(inspect(error)).toBe(`[Error: ${text}]`);
  });
});
