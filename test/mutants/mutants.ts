// Defects of one line each that the project's own checks must find. `npm run mutants` tries them out.

/** A change of one place in the code, and the command that must fail because of it. */
export interface Mutant {
  /** What is wrong with the function then. */
  readonly name: string;
  /** Relative to the root of the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** A shell command that succeeds on the code as it is. */
  readonly check: string;
}

/** As many random jobs as must be enough for the soak to notice. */
const SOAK = 'npm run --silent soak -- --jobs 100 --seed 5000 --bail';
const tests = (files: string): string => `npx vitest run --bail 1 ${files}`;
const FUNCTION = 'functions/sync-artifacts';

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'finds every checksum equal',
    file: `${FUNCTION}/proof/proof.ts`,
    find: "return equal ? { kind: 'checksum', algorithm: a.algorithm } : 'different';",
    replace: "return { kind: 'checksum', algorithm: a.algorithm };",
    check: SOAK,
  },
  {
    name: 'aborts no upload of a failed copy',
    file: `${FUNCTION}/copy/upload/copy-in-parts.ts`,
    find: '.map(({ task, upload }) => abortUpload(task, upload, context)),',
    replace: '.map(async () => undefined),',
    check: SOAK,
  },
  {
    name: 'removes what was there before, or hides it',
    file: `${FUNCTION}/proof/verify-copy.ts`,
    find: '{ ...fields, VersionId: victim }',
    replace: '{ ...fields, VersionId: undefined }',
    check: SOAK,
  },
  {
    name: 'reports twice',
    file: `${FUNCTION}/result/job-reporter.ts`,
    find: '      await put(result);\n',
    replace: '      await put(result);\n      await put(result).catch(() => undefined);\n',
    check: SOAK,
  },
  {
    name: 'says in the manifest that everything was proved by checksum',
    file: `${FUNCTION}/result/manifest.ts`,
    find: '        checksum,\n        proof,\n',
    replace: "        checksum,\n        proof: proof && { ...proof, kind: 'checksum' as const },\n",
    check: SOAK,
  },
  {
    name: 'says in the log that everything was proved by checksum',
    file: `${FUNCTION}/result/copy-report.ts`,
    find: '    proof: proof?.kind,',
    replace: "    proof: 'checksum',",
    check: SOAK,
  },
  {
    name: 'counts skipped copies as copied',
    file: `${FUNCTION}/result/summary.ts`,
    find: "strategy !== 'skip' && strategy !== 'same-object'",
    replace: "strategy !== 'same-object'",
    check: SOAK,
  },
  {
    name: 'copies the latest version of a source instead of the one it looked at',
    file: `${FUNCTION}/copy/request-fields.ts`,
    find: '      source.versionId === undefined ? path :',
    replace: '      source.versionId !== undefined ? path :',
    check: SOAK,
  },
  {
    name: 'forgets headers and metadata of multipart copies',
    file: `${FUNCTION}/copy/request-fields.ts`,
    find: 'return { ...source.headers, Metadata: { ...source.metadata }, Tagging: tagging(source.tags) };',
    replace: 'return { Tagging: tagging(source.tags) };',
    check: SOAK,
  },
  {
    name: 'skips what is encrypted under another key',
    file: `${FUNCTION}/proof/proof.ts`,
    find: '    isKeyNow(encryption, existing.kmsKeyArn)\n',
    replace: '    isKeyNow(encryption, encryption.keyArn ?? encryption.kmsKeyId)\n',
    check: tests('test/functions/facts test/functions/proof'),
  },
  {
    name: 'does not look at the encryption of a copy',
    file: `${FUNCTION}/proof/verify-copy.ts`,
    find: '  if (stored.encryption !== algorithm || !isRightKey) {',
    replace: '  if (Date.now() === 0) {',
    check: tests('test/functions/result/failures.test.ts test/functions/proof'),
  },
  {
    name: 'believes the token whatever is at the destination',
    file: `${FUNCTION}/proof/proof.ts`,
    find: 'identityOf(existing) === earlier.identity',
    replace: 'earlier.identity.length > 0',
    check: tests('test/functions/proof/finished-copies.test.ts'),
  },
  {
    name: 'takes a damaged token',
    file: `${FUNCTION}/result/checkpoint.ts`,
    find: ' || claimed !== digest(body + job.binding)',
    replace: '',
    check: tests('test/functions/result/checkpoint.test.ts'),
  },
  {
    name: 'skips with less proof than asked for',
    file: `${FUNCTION}/plan/plan.ts`,
    find: 'if (proof !== undefined && isEnough(proof.kind, minimumProof))',
    replace: 'if (proof !== undefined)',
    check: tests('test/functions/plan test/functions/proof test/functions/facts'),
  },
  {
    name: 'overwrites without a condition',
    file: `${FUNCTION}/copy/conditional-write.ts`,
    find: "  return etag === '' ? {} : { IfMatch: etag };",
    replace: '  return {};',
    check: tests('test/functions/copy/conditional-writes.test.ts'),
  },
  {
    name: 'writes without a condition where nobody has looked',
    file: `${FUNCTION}/copy/conditional-write.ts`,
    find: '      return await write(task, NOTHING_THERE);',
    replace: '      return await write(task, {});',
    check: tests('test/functions/copy/unseen-copies.test.ts'),
  },
  {
    name: 'writes before it looks in spite of Overwrite: never',
    file: `${FUNCTION}/facts/resolve.ts`,
    find: " || overwrite === 'never'",
    replace: '',
    check: tests('test/functions/copy/unseen-copies.test.ts'),
  },
  {
    name: 'begins to copy in spite of Overwrite: never',
    file: `${FUNCTION}/copy/conditional-write.ts`,
    find: '  if (other !== undefined) throw mustNotOverwrite(other.task);',
    replace: '  if (other === undefined) return;',
    check: tests('test/functions/copy/conditional-writes.test.ts'),
  },
  {
    name: 'writes to the bucket of anybody',
    file: `${FUNCTION}/facts/object-fields.ts`,
    find: 'Key: key, ExpectedBucketOwner: destination.bucketOwner };',
    replace: 'Key: key };',
    check: tests('test/functions/facts/bucket-owner.test.ts'),
  },
  {
    name: 'copies annotations that nobody asked for',
    file: `${FUNCTION}/copy/copy-object.ts`,
    find: "context.job.annotations === 'copy' ? 'COPY' : 'EXCLUDE'",
    replace: "'COPY'",
    check: tests('test/functions/copy/annotations.test.ts'),
  },
  {
    name: 'hides no secret that a warning quotes',
    file: `${FUNCTION}/telemetry/telemetry.ts`,
    find: '...values.filter(isSecret)])].slice(-MAX_RECENT_SECRETS);',
    replace: '])].slice(-MAX_RECENT_SECRETS);',
    check: tests('test/functions/secrets.test.ts'),
  },
  {
    name: 'takes new parts until Lambda kills it',
    file: `${FUNCTION}/copy/upload/copy-in-parts.ts`,
    find: 'stopped ||= !context.deadline.fits(part.sizeBytes);',
    replace: 'stopped ||= context.signal.aborted;',
    check: tests('test/functions/copy/resume/resume.test.ts'),
  },
  {
    name: 'continues when a copy has failed',
    file: `${FUNCTION}/sync.ts`,
    find: '  context.throwIfFailed();\n',
    replace: '',
    check: SOAK,
  },
];

/** The code with the mutant's change. @throws Error when the place is not there exactly once */
export function mutate(code: string, { name, file, find, replace }: Mutant): string {
  const places = code.split(find).length - 1;
  if (places !== 1)
    throw new Error(`mutant "${name}": its place stands ${places} times in ${file}, expected once`);
  return code.replace(find, () => replace);
}
