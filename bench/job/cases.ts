// The benchmark's cases: what is copied, and to which regions.

/** An artifact of a case. */
export interface BenchArtifact {
  readonly name: string;
  readonly sizeBytes: number;
}

/** One job to measure. */
export interface BenchCase {
  /** What `--case` takes. */
  readonly name: string;
  /** What tables and charts show. */
  readonly title: string;
  readonly artifacts: readonly BenchArtifact[];
  readonly regions: readonly string[];
  /** Streams through the function instead of copying inside S3. */
  readonly mode?: 'relay';
}

/** Where the pipeline, the function and the source bucket are. */
export const HOME_REGION = 'us-east-1';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const ONE_REGION = ['eu-west-1'];
const THREE_REGIONS = ['us-west-2', 'eu-west-1', 'ap-southeast-2'];
const ALL_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'eu-west-1',
  'eu-central-1',
  'sa-east-1',
  'ap-northeast-1',
  'ap-southeast-2',
];

/** All cases, from the smallest to the largest. */
export const BENCH_CASES: readonly BenchCase[] = [
  { name: '1mib-x1', title: '1 MiB × 1 region', artifacts: artifacts(1 * MIB), regions: ONE_REGION },
  {
    name: '5x1mib-x3',
    title: '5 × 1 MiB × 3 regions',
    artifacts: artifacts(1 * MIB, 1 * MIB, 1 * MIB, 1 * MIB, 1 * MIB),
    regions: THREE_REGIONS,
  },
  { name: '64mib-x1', title: '64 MiB × 1 region', artifacts: artifacts(64 * MIB), regions: ONE_REGION },
  {
    name: '250mib-x3',
    title: '250 MiB × 3 regions',
    artifacts: artifacts(250 * MIB),
    regions: THREE_REGIONS,
  },
  { name: '1gib-x1', title: '1 GiB × 1 region', artifacts: artifacts(1 * GIB), regions: ONE_REGION },
  { name: '7gib-x3', title: '7 GiB × 3 regions', artifacts: artifacts(7 * GIB), regions: THREE_REGIONS },
  {
    name: 'mixed-x8',
    title: '5 mixed (1 MiB to 2 GiB) × 8 regions',
    artifacts: artifacts(1 * MIB, 16 * MIB, 128 * MIB, 512 * MIB, 2 * GIB),
    regions: ALL_REGIONS,
  },
  { name: '50gib-x1', title: '50 GiB × 1 region', artifacts: artifacts(50 * GIB), regions: ONE_REGION },
];

/** Bytes that a case moves: every artifact to every region. */
export function totalBytes({ artifacts: all, regions }: BenchCase): number {
  return all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) * regions.length;
}

/** The copies of a case: every artifact to every region. */
export function copiesOf({ artifacts: all, regions }: BenchCase): { sizeBytes: number; region: string }[] {
  return all.flatMap(({ sizeBytes }) => regions.map((region) => ({ sizeBytes, region })));
}

function artifacts(...sizes: readonly number[]): BenchArtifact[] {
  return sizes.map((sizeBytes, index) => ({ name: `Artifact${index + 1}`, sizeBytes }));
}
