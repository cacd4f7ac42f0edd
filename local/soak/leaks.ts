// Looks for secrets in everything that a job leaves behind, in pieces too.
import { toBuffer } from '../aws/content/content.ts';
import type { Aftermath } from './check.ts';
import { bucketsOf } from './stage.ts';

/** A piece of a secret this long is a leak; shorter ones occur by chance. */
const PIECE_CHARACTERS = 12;

/** The places where a piece of a secret was found. */
export function leaks(aftermath: Aftermath): string[] {
  const pieces = new Set(aftermath.secrets.flatMap(piecesOf));
  return Object.entries(outputsOf(aftermath)).flatMap(([place, text]) =>
    [...pieces].some((piece) => text.includes(piece)) ? [`left a secret in ${place}`] : [],
  );
}

/** Pieces that follow each other, so that any stretch of twice their length contains one. */
function piecesOf(secret: string): string[] {
  const count = Math.floor(secret.length / PIECE_CHARACTERS);
  return Array.from({ length: count }, (_, index) =>
    secret.slice(index * PIECE_CHARACTERS, (index + 1) * PIECE_CHARACTERS),
  );
}

function outputsOf({ run, staged, world }: Aftermath): Record<string, string> {
  const tokens = run.results.flatMap(({ input }) => String(input.continuationToken ?? ''));
  const described = bucketsOf(world, staged.bucketNames)
    .flatMap(({ objects, uploads }) => [...[...objects.values()].flat(), ...uploads.values()])
    .map(({ key, headers, metadata, tags }) => [key, headers, metadata, tags]);
  const manifests =
    staged.manifest && world.buckets.get(staged.manifest.bucket)?.objects.get(staged.manifest.key);
  return {
    'the log': [
      ...run.invocations.flatMap(({ lines, errorMessage = '' }) => [...lines, errorMessage]),
      ...(run.lost?.lines ?? []),
    ].join('\n'),
    'a result': JSON.stringify(run.results),
    'a continuation token': tokens
      .map((token) => Buffer.from(token, 'base64url').toString('latin1'))
      .join('\n'),
    'the description of an object': JSON.stringify(described),
    'the manifest': (manifests ?? []).map(({ content }) => toBuffer(content).toString('latin1')).join('\n'),
  };
}
