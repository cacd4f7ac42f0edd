// Facts about buckets that a warm container may reuse: they change rarely, and a wrong one is found out by S3's answer.
import type { DestinationEncryption } from '../types.ts';

interface Entry<T> {
  readonly value: T;
  readonly freshUntilMs: number;
}

/** Facts about buckets, each fresh for a limited time. */
export class BucketCache {
  readonly #regions = new Map<string, Entry<string>>();
  readonly #encryptions = new Map<string, Entry<DestinationEncryption>>();
  readonly #latenciesMs = new Map<string, Entry<number>>();
  readonly #lifetimeMs: number;
  readonly #now: () => number;
  /** How S3 names the function's role as the initiator of an upload, once an upload of our own has shown it. */
  initiatorId: string | undefined;
  /** Buckets whose server answered that it does not know conditional writes. */
  readonly unconditionalBuckets = new Set<string>();

  constructor(lifetimeMs: number, now: () => number = Date.now) {
    this.#lifetimeMs = lifetimeMs;
    this.#now = now;
  }

  region(bucket: string): string | undefined {
    return this.#read(this.#regions, bucket);
  }

  setRegion(bucket: string, region: string): void {
    this.#write(this.#regions, bucket, region);
  }

  /** The encryption of copies in a bucket of an owner: by its default, or with a key that is given. */
  encryption(bucket: string, bucketOwner: string, kmsKeyId = ''): DestinationEncryption | undefined {
    return this.#read(this.#encryptions, `${bucketOwner}/${bucket}/${kmsKeyId}`);
  }

  setEncryption(bucket: string, bucketOwner: string, encryption: DestinationEncryption, kmsKeyId = ''): void {
    this.#write(this.#encryptions, `${bucketOwner}/${bucket}/${kmsKeyId}`, encryption);
  }

  /** How long a bucket took to answer the last look at it, in milliseconds; 0 while nobody has looked. */
  latencyMs(bucket: string): number {
    return this.#read(this.#latenciesMs, bucket) ?? 0;
  }

  setLatencyMs(bucket: string, latencyMs: number): void {
    this.#write(this.#latenciesMs, bucket, latencyMs);
  }

  /** Forgets everything, after a failure that stale facts may have caused. */
  clear(): void {
    this.#regions.clear();
    this.#encryptions.clear();
    this.#latenciesMs.clear();
  }

  #read<T>(entries: Map<string, Entry<T>>, key: string): T | undefined {
    const entry = entries.get(key);
    return entry !== undefined && entry.freshUntilMs > this.#now() ? entry.value : undefined;
  }

  #write<T>(entries: Map<string, Entry<T>>, key: string, value: T): void {
    entries.set(key, { value, freshUntilMs: this.#now() + this.#lifetimeMs });
  }
}
