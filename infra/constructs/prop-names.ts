// Says what the function's parser finds wrong with UserParameters in the words of the constructs: by the name of the prop.

/** Properties of UserParameters and the props that they are made from. */
const PROPS: Readonly<Record<string, string>> = {
  Bucket: 'bucketName',
  Region: 'region',
  KmsKeyId: 'kmsKeyId',
  BucketOwner: 'bucketOwner',
  Key: 'key',
  Destinations: 'destinationSet',
  InputArtifacts: 'inputArtifacts',
  Mode: 'mode',
  MinimumProof: 'minimumProof',
  Overwrite: 'overwrite',
  Annotations: 'annotations',
};

/**
 * The error with the names of props. It has no stack trace: the mistake is in a prop, and the lines of this library that
 * found it lead nobody to it.
 */
export function inPropNames(error: unknown): Error {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(
    /UserParameters property ([\w.[\]]+)/g,
    (_, path: string) => `Prop ${propPath(path)}`,
  );
  // Without its cause, which Node.js would print with a stack of the library's own files.
  const renamed = new Error(message);
  renamed.stack = `Error: ${message}`;
  return renamed;
}

function propPath(path: string): string {
  return path
    .replace(/^DestinationBuckets\b/, 'destinations')
    .replace(/^DestinationBucket$/, 'destinations[0].bucketName')
    .split('.')
    .map((name) => PROPS[name] ?? name)
    .join('.')
    .replace(/^(\w+)(?=\[)/, (name) => PROPS[name] ?? name);
}
