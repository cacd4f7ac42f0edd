// The parts of a streamed object: read several at a time, handed to the Upload in order, hashed once, and sent.
import type { UploadPartCommandInput, UploadPartCommandOutput } from '@aws-sdk/client-s3';
import type { JobContext } from '../../context.ts';
import { type Part, type PartLayout, partsOf } from '../../plan/part-layout.ts';
import type { CopyTask } from '../../types.ts';
import { relayAlgorithm } from '../request-fields.ts';
import { checksumOfBytes } from './hashing.ts';
import { acquireBuffer, releaseBuffer } from './part-buffers.ts';
import { readPart } from './read-part.ts';
import { type HashedBytes, uploadPart } from './upload-part.ts';

/** The Upload joins what exceeds a part to a copy: no more than this much of the next part is to be in it. */
const FIRST_PIECE_BYTES = 64 * 1024;

interface HeldPart extends HashedBytes {
  readonly part: Part;
}

/** The parts of one object on their way through an Upload. Each is in memory from the beginning of its read until S3 has it. */
export class OrderedParts {
  readonly #task: CopyTask;
  readonly #layout: PartLayout;
  readonly #context: JobContext;
  readonly #held = new Map<number, HeldPart>();
  #allProved = true;

  constructor(task: CopyTask, layout: PartLayout, context: JobContext) {
    this.#task = task;
    this.#layout = layout;
    this.#context = context;
  }

  /** The bytes in order; up to `ahead` parts are being read beside the one that was handed on last. */
  async *read(ahead: number): AsyncGenerator<Buffer, void, undefined> {
    const parts = partsOf(this.#layout);
    const reading: Promise<HeldPart>[] = [];
    const readNext = (): void => {
      const next = parts.next();
      if (next.done === true) return;
      const held = this.#read(next.value);
      // A failure is thrown when its turn comes; until then it is not unhandled.
      held.catch(() => undefined);
      reading.push(held);
    };
    for (let begun = 0; begun < ahead; begun++) readNext();
    for (let next = reading.shift(); next !== undefined; next = reading.shift()) {
      const held = await next;
      readNext();
      this.#held.set(held.part.number, held);
      yield held.bytes.subarray(0, FIRST_PIECE_BYTES);
      yield held.bytes.subarray(FIRST_PIECE_BYTES);
    }
  }

  /** Sends the part that the Upload is at: from the bytes that were read and hashed, so that the Upload's copy of them is free at once. */
  async send({ UploadId = '', PartNumber = 0 }: UploadPartCommandInput): Promise<UploadPartCommandOutput> {
    const held = this.#held.get(PartNumber);
    if (held === undefined) throw new Error(`part ${PartNumber} is to be sent but was not read`);
    this.#held.delete(PartNumber);
    const upload = { task: this.#task, layout: this.#layout, uploadId: UploadId };
    const { output, proved } = await uploadPart(upload, held.part, held, this.#context);
    releaseBuffer(held.bytes);
    this.#allProved &&= proved;
    return output;
  }

  /** Has S3 stored the bytes that were read, as its checksums of the parts say? */
  get areStored(): boolean {
    return this.#allProved;
  }

  async #read(part: Part): Promise<HeldPart> {
    const bytes = await readPart(this.#task.source, part, this.#context, acquireBuffer);
    const checksum = await checksumOfBytes(relayAlgorithm(this.#task, this.#layout), bytes);
    return { part, bytes, checksum };
  }
}
