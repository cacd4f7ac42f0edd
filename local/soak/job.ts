// A random job that follows from its seed alone: artifacts, destinations, strategy, time and faults.
import { type FaultKind, type FaultRates, PASSING_FAULT_KINDS } from '../aws/faults/fault-kinds.ts';
import { type Dice, seededRandom } from '../aws/faults/seeded-random.ts';

/** An input artifact. */
export interface SoakArtifact {
  readonly name: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly contentSeed: number;
  readonly checksum: 'CRC64NVME' | 'SHA256' | 'COMPOSITE' | 'none';
  readonly tags: Readonly<Record<string, string>>;
}

/** A destination bucket and what is in it already. */
export interface SoakDestination {
  readonly region: string;
  readonly versioned: boolean;
  /** Copies are encrypted with a key named in the parameters instead of the bucket's default. */
  readonly namesKey: boolean;
  /** What an earlier run or somebody else left at the copies' keys. */
  readonly existing: 'nothing' | 'the same' | 'something else';
  /** Somebody else's unfinished upload at the first key, which must not be touched. */
  readonly strangersUpload: boolean;
}

/** A job of the soak. */
export interface SoakJob {
  readonly seed: number;
  readonly artifacts: readonly SoakArtifact[];
  readonly sourceVersioned: boolean;
  readonly destinations: readonly SoakDestination[];
  readonly mode: 'auto' | 'copy' | 'relay';
  readonly roleMayReadSource: boolean;
  readonly outputArtifact: boolean;
  readonly timeoutMs: number;
  readonly faults: FaultRates;
  /** The destinations are a set in the configuration of a function that starts for this job: it writes before it looks. */
  readonly namesSet: boolean;
}

/** What a series of jobs has in common; what is left out is random. */
export type SoakWishes = Partial<
  Pick<SoakJob, 'faults' | 'timeoutMs' | 'sourceVersioned' | 'mode' | 'roleMayReadSource'>
>;

const MIB = 2 ** 20;
const REGIONS = ['eu-central-1', 'us-east-1', 'ap-southeast-2', 'sa-east-1'] as const;
/** The region of the function and its sources. */
export const HOME_REGION = 'eu-central-1';
/** Denials may take two seconds to heal, each in its turn: a short invocation cannot wait for several. */
const SLOW_KINDS: readonly FaultKind[] = [
  'stall',
  'stall-body',
  'clock-skew',
  'access-denied',
  'kms-throttling',
  'slow-down',
  'pipeline-throttling',
];
const LONG_MS = 60_000;
/** What goes through the function takes its time, and so does finding out that a large part stalled. */
const SMALL_BYTES = 24 * MIB;
const LARGE_BYTES = 1500 * MIB;

/** The job of a seed. */
export function soakJob(seed: number, wishes: SoakWishes = {}): SoakJob {
  const dice = seededRandom(seed);
  const roleMayReadSource = dice.chance(0.75);
  const mode = roleMayReadSource ? dice.pick(['auto', 'auto', 'copy', 'relay']) : 'auto';
  const relays =
    wishes.mode === 'relay' || !(wishes.roleMayReadSource ?? roleMayReadSource) || mode === 'relay';
  // Where the role may not read, every invocation doubts each denial for a few seconds: a short one has no time for that.
  const short = dice.chance(0.2) && roleMayReadSource;
  const rates = wishes.faults ?? faults(dice, short);
  const largestBytes = relays || rates.stall || rates['stall-body'] ? SMALL_BYTES : LARGE_BYTES;
  const artifacts = Array.from({ length: dice.integer(1, 3) }, (_, index) =>
    artifact(index, largestBytes, dice),
  );
  const destinations = Array.from({ length: dice.integer(1, 3) }, (_, index) => destination(index, dice));
  // Only a checksum that a copy has as well can show that bytes changed.
  const shown = rates['source-corrupted'] ? { checksum: 'CRC64NVME' as const } : {};
  return {
    seed,
    artifacts: artifacts.map((made) => ({ ...made, ...shown })),
    destinations,
    sourceVersioned: dice.chance(0.8),
    mode,
    roleMayReadSource,
    outputArtifact: dice.chance(0.2),
    timeoutMs: short ? dice.integer(5_000, 8_000) : LONG_MS,
    faults: rates,
    namesSet: dice.chance(0.3),
    ...wishes,
  };
}

function artifact(index: number, largest: number, dice: Dice): SoakArtifact {
  const sizeBytes = dice.pick([
    0,
    dice.integer(1, 100_000),
    dice.integer(1, 12 * MIB),
    dice.integer(12 * MIB, largest),
    dice.integer(12 * MIB, largest),
  ]);
  return {
    name: `Artifact${index + 1}`,
    key: `pipeline/${dice.pick(['App', 'with space+plus', 'näme/%41'])}/${index}-${dice.integer(0, 999)}.zip`,
    sizeBytes,
    contentSeed: dice.integer(1, 1_000_000),
    checksum: dice.pick(['CRC64NVME', 'CRC64NVME', 'SHA256', 'COMPOSITE', 'none']),
    tags: dice.chance(0.5) ? { team: 'a b', stage: 'x=y' } : {},
  };
}

function destination(index: number, dice: Dice): SoakDestination {
  return {
    region: REGIONS[(index + dice.integer(0, 3)) % REGIONS.length] ?? HOME_REGION,
    versioned: dice.chance(0.7),
    namesKey: dice.chance(0.3),
    existing: dice.pick(['nothing', 'nothing', 'the same', 'something else']),
    strangersUpload: dice.chance(0.2),
  };
}

function faults(dice: Dice, short: boolean): FaultRates {
  const kinds = PASSING_FAULT_KINDS.filter((kind) => !short || !SLOW_KINDS.includes(kind));
  const rates: Partial<Record<FaultKind, number>> = {};
  for (let count = dice.integer(0, 4); count > 0; count -= 1) {
    const kind = kinds[dice.integer(0, kinds.length - 1)];
    if (kind !== undefined) rates[kind] = 0.02 + dice.roll() * 0.13;
  }
  if (short) rates.slow = 0.8;
  else if (dice.chance(0.3)) {
    rates[
      dice.pick([
        'key-disabled',
        'source-overwritten',
        'source-deleted',
        'source-corrupted',
        'bucket-deleted',
        'oom',
      ])
    ] = 0.6;
  }
  return rates;
}
