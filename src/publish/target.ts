import { setImmediate } from 'node:timers'
import b4a from 'b4a'
import type Corestore from 'corestore'
import Hyperbee1 from 'hyperbee'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { AtomicCore } from './atomic-core.ts'
import { decodeMark, encodeMark, MARK, type Mark } from './mark.ts'
import type { Operation } from './operations.ts'
import type { PublishedEntry } from './options.ts'

/** Most that is written as one step, in blocks and in bytes: until it is written it is in memory. */
const STEP_BLOCKS = 16_384
const STEP_BYTES = 16 * 1024 * 1024
/** Most operations, and bytes of keys and values, between two flushes of the tree into the atom. */
const CHUNK = 512
const CHUNK_BYTES = 1024 * 1024
/** Hyperbee keeps the nodes that it reads, with their values: so much of them, in bytes, before it is made anew. */
const CACHED_BYTES = 16 * 1024 * 1024
/** Blocks read per operation, about. */
const READS = 24
/** Blocks that Hyperbee reads from one entry to the next: far more than a tree is high. */
const MOST_READS = 10_000
/** Hypercore refuses larger blocks; a node's own bytes come on top of key and value. */
const LARGEST_ENTRY = 15 * 1024 * 1024 - 64 * 1024
/** How long it works before others get a turn, ms. */
const TURN = 8

export interface StepLimits {
  readonly blocks: number
  readonly bytes: number
}

export const STEP_LIMITS: StepLimits = { blocks: STEP_BLOCKS, bytes: STEP_BYTES }

interface Parts {
  readonly store: Corestore
  readonly core: Hypercore
  readonly reader: Hyperbee1
  readonly limits: StepLimits
}

/** The published core, and the Hyperbee in it. */
export class Target {
  readonly core: Hypercore
  readonly #store: Corestore
  readonly #reader: Hyperbee1
  readonly #limits: StepLimits
  #atomic: AtomicCore
  #bee: Hyperbee1 | null = null
  #used = 0
  #turn = 0

  private constructor({ store, core, reader, limits }: Parts, atomic: AtomicCore) {
    this.#store = store
    this.core = core
    this.#reader = reader
    this.#limits = limits
    this.#atomic = atomic
  }

  /** @throws AutobeeError `ENCRYPTION_KEY_MISMATCH`, `NOT_SUPPORTED`, `NOT_WRITABLE` */
  static async open(
    store: Corestore,
    { name, encryptionKey, limits }: { name: string; encryptionKey: Uint8Array | null; limits: StepLimits }
  ): Promise<Target> {
    const encryption = encryptionKey && { key: encryptionKey }
    const core = store.get({ name, encryption, allowFork: false })
    await core.ready()
    if (!core.writable)
      throw new AutobeeError('NOT_WRITABLE', 'this store cannot write to the published core')
    if (core.length > 0 && !(await isReadable(core))) {
      throw new AutobeeError(
        'ENCRYPTION_KEY_MISMATCH',
        'what was published under this name has another encryptionKey, or had none; take another name'
      )
    }
    // it answers the readers who ask which blocks a read of theirs will need
    const reader = new Hyperbee1(core.session({ writable: false }))
    await reader.ready()
    return new Target({ store, core, reader, limits }, await AtomicCore.open(store, core))
  }

  /** Did the core change in another way: was a lost tail given back? */
  get isStale(): boolean {
    return this.#atomic.isStale
  }

  /** Blocks, what is not committed included. */
  get length(): number {
    return this.#atomic.session.length
  }

  async treeHash(length: number): Promise<Uint8Array> {
    return length === 0 ? b4a.alloc(32) : this.core.treeHash(length)
  }

  /** null when there is none, and when it is not of what is in the core. */
  async readMark(): Promise<Mark | null> {
    const record = await this.core.getUserData(MARK)
    const mark = record && decodeMark(record)
    if (!mark || mark.length > this.core.length) return null
    // nodes of the hash may be gone with their blocks
    if (this.core.contiguousLength < mark.length) return null
    const hash = await this.treeHash(mark.length).catch(noop)
    return hash && b4a.equals(hash, mark.hash) ? mark : null
  }

  /** What the tree of the first `length` blocks has, in the order of the keys; only from the own store. */
  async *entries(length: number, isStopped: () => boolean): AsyncGenerator<PublishedEntry, void> {
    let last: Uint8Array | null = null
    const limit = this.#opsPerBee
    for (;;) {
      // anew each time: what it read stays in its cache
      const page = this.#reader.checkout(Math.max(1, length))
      let count = 0
      // a core that was truncated in the middle of a batch may hold what is no tree, and leads in circles
      let reads = 0
      const onseq = () => {
        if (reads++ > MOST_READS) throw new Error('what is published is no tree')
      }
      const range: { gt?: Uint8Array; limit: number } = last ? { gt: last, limit } : { limit }
      try {
        for await (const { key, value } of page.createReadStream(range, { wait: false, onseq })) {
          if (isStopped()) throw stopped()
          if (last && b4a.compare(last, key) >= 0) throw new Error('what is published is in no order')
          reads = 0
          count++
          last = key
          yield { key, value }
        }
      } finally {
        await page.close()
      }
      if (count < limit) return
      await this.#rest()
    }
  }

  /**
   * Makes the tree of the first `length` blocks the present one again, after blocks that are not known here: they stay in
   * the history. 0: the empty tree.
   */
  async graft(length: number): Promise<void> {
    const entry = length > 1 ? await this.#first(length) : null
    const empty = b4a.alloc(0)
    const bee = new Hyperbee1(this.#atomic.session, { extension: false })
    const batch = bee.batch({ checkout: entry ? length : 1, wait: false })
    await batch.put(entry?.key ?? empty, entry?.value ?? empty)
    await batch.flush()
    this.#forgetBee()
    if (!entry) await this.write(only({ key: empty, value: null }), { isStopped: () => false })
  }

  /**
   * Writes into the atom. What is more than one step is committed in between, as `onpart` does it.
   * @throws AutobeeError `CLOSED` when it was stopped, `ENTRY_TOO_LARGE`
   */
  async write(
    operations: AsyncIterable<Operation>,
    { isStopped, onpart }: { isStopped: () => boolean; onpart?: () => Promise<void> }
  ): Promise<number> {
    let batch: Hyperbee1.Batch | null = null
    let bytes = 0
    let count = 0
    const chunk = Math.min(CHUNK, this.#limits.blocks)
    const pending = { from: this.length, bytes: 0 }
    const flush = async () => {
      await batch?.flush()
      pending.bytes += bytes
      batch = null
      bytes = 0
      if (this.#used >= this.#opsPerBee) this.#forgetBee()
    }
    for await (const { key, value } of operations) {
      if (isStopped()) throw stopped()
      const size = key.byteLength + (value?.byteLength ?? 0)
      if (size > LARGEST_ENTRY)
        throw new AutobeeError('ENTRY_TOO_LARGE', 'an entry of the view is larger than a block')
      batch ??= this.#ensureBee().batch({ wait: false })
      if (value) await batch.put(key, value)
      else await batch.del(key)
      this.#used++
      bytes += size
      count = this.length - pending.from + batch.length
      const isChunk = batch.length >= chunk || bytes >= CHUNK_BYTES
      if (isChunk || this.#used >= this.#opsPerBee) await flush()
      const isFull = this.length - pending.from >= this.#limits.blocks || pending.bytes >= this.#limits.bytes
      if (isFull && onpart) {
        await onpart()
        pending.from = this.length
        pending.bytes = 0
      }
      await this.#rest()
    }
    await flush()
    return count
  }

  /** The header of an empty core: who follows it is told that it is a Hyperbee. */
  async ensureHeader(): Promise<void> {
    if (this.length > 0) return
    const batch = this.#ensureBee().batch()
    await batch.getRoot(true)
    await batch.close()
  }

  /** Brings all to disk, with where it stands, then to the readers; see {@link AtomicCore.commit}. */
  async commit(mark: Pick<Mark, 'heads' | 'mapVersion'>): Promise<void> {
    const { session } = this.#atomic
    const { length } = session
    const hash = length === 0 ? b4a.alloc(32) : await session.treeHash(length)
    await session.setUserData(MARK, encodeMark({ ...mark, length, hash }))
    await this.#atomic.commit()
  }

  /** Drops what is not committed. */
  async reset(): Promise<void> {
    this.#forgetBee()
    await this.#atomic.close()
    this.#atomic = await AtomicCore.open(this.#store, this.core)
  }

  async close(): Promise<void> {
    this.#forgetBee()
    await this.#atomic.close()
    await this.#reader.close()
    await this.core.close()
  }

  /** So many operations until Hyperbee has read about {@link CACHED_BYTES}. */
  get #opsPerBee(): number {
    const { byteLength, length } = this.core
    const block = length > 0 ? byteLength / length : 0
    return Math.min(CHUNK, Math.max(8, Math.floor(CACHED_BYTES / (READS * Math.max(1, block)))))
  }

  async #first(length: number): Promise<PublishedEntry | null> {
    const checkout = this.#reader.checkout(length)
    try {
      return await checkout.peek({}, { wait: false })
    } finally {
      await checkout.close()
    }
  }

  #ensureBee(): Hyperbee1 {
    this.#bee ??= new Hyperbee1(this.#atomic.session, { extension: false, alwaysDuplicate: false })
    return this.#bee
  }

  /** Its cache goes with it; closing it would close the session. */
  #forgetBee(): void {
    for (const event of ['append', 'truncate'] as const) this.#atomic.session.removeAllListeners(event)
    this.#bee = null
    this.#used = 0
  }

  async #rest(): Promise<void> {
    const now = performance.now()
    if (now - this.#turn < TURN) return
    await new Promise<void>(resolve => void setImmediate(resolve))
    this.#turn = performance.now()
  }
}

async function isReadable(core: Hypercore): Promise<boolean> {
  try {
    return await Hyperbee1.isHyperbee(core, { wait: false })
  } catch {
    // no block 0 in this store: then nothing is known of it, and all is compared
    return !(await core.has(0))
  }
}

async function* only(operation: Operation): AsyncGenerator<Operation, void> {
  yield operation
}

function stopped(): AutobeeError {
  return new AutobeeError('CLOSED', 'publishing was closed')
}

function noop(): void {}
