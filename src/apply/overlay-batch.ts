import { AutobeeError } from '../errors.ts'
import { type Bytes, ownBytes, toBytes } from './bytes.ts'
import { Change, keyId, type Overlay } from './overlay.ts'

interface BatchOptions {
  readonly overlay: Overlay
  readonly lock: WriteLock
  readonly assertOpen: () => void
  readonly onclose: (batch: OverlayBatch) => void
}

/**
 * Changes that belong together. Nothing of them shows before `flush()`, which puts them into the overlay in
 * order and at once. Closed by `flush()` or `close()`; then everything but `close()` fails with CLOSED.
 */
export class OverlayBatch {
  readonly #options: BatchOptions
  #changes: Change[] = []
  #clear = false
  #closed = false
  #locked = false
  #locking: Promise<void> | null = null

  /** @internal Made by `OverlayBee.write()`. */
  constructor(options: BatchOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Throws INVALID_ARGUMENT for a key or value that is neither bytes nor a string. */
  tryPut(key: Bytes, value: Bytes): void {
    this.#assertOpen()
    const id = keyId(toBytes(key, 'key'))
    // A Hyperbee 2 keeps the caller's buffers, which spoils the tree when they are reused before the flush; ours
    // is as late as the end of the chunk. So both are copied, 65 ns each; the key's copy is its id.
    this.#changes.push(new Change(id, ownBytes(value, 'value')))
  }

  tryDelete(key: Bytes): void {
    this.#assertOpen()
    this.#changes.push(new Change(keyId(toBytes(key, 'key')), null))
  }

  /** Forgets what was tried before in this batch, and empties everything below it. */
  tryClear(): void {
    this.#assertOpen()
    this.#changes = []
    this.#clear = true
  }

  /**
   * Waits until no other batch of this bee holds the lock, and takes it until `flush()` or `close()`. For those
   * who read, think and write in several promises at once. A flush waits for the lock too.
   */
  async lock(): Promise<void> {
    this.#assertOpen()
    if (this.#locked) return
    this.#locking ??= this.#options.lock.take(this)
    await this.#locking
    this.#assertOpen()
    this.#locked = true
  }

  /** Without a lock held by another batch it has landed when the call returns, awaited or not. */
  async flush(): Promise<void> {
    this.#assertOpen()
    if (this.#options.lock.heldByOther(this)) await this.lock()
    this.#assertOpen()

    const { overlay } = this.#options
    if (this.#clear) overlay.clearAll()
    for (const change of this.#changes) overlay.add(change)
    this.#close()
  }

  /** Drops what was not flushed. Also gives the lock back, which a Hyperbee 2 batch does not. */
  async close(): Promise<void> {
    if (!this.#closed) this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#changes = []
    this.#options.lock.release(this)
    this.#options.onclose(this)
  }

  #assertOpen(): void {
    if (this.#closed) throw new AutobeeError('CLOSED', 'This batch is closed; make a new one with write().')
    this.#options.assertOpen()
  }
}

/** First come, first served. */
export class WriteLock {
  #holder: OverlayBatch | null = null
  #waiting: { readonly batch: OverlayBatch; readonly wake: () => void }[] = []

  heldByOther(batch: OverlayBatch): boolean {
    return this.#holder !== null && this.#holder !== batch
  }

  take(batch: OverlayBatch): Promise<void> {
    if (this.#holder === null) {
      this.#holder = batch
      return Promise.resolve()
    }
    return new Promise(wake => this.#waiting.push({ batch, wake }))
  }

  /** Whether it holds the lock or waits for it. One that waited is woken, to find that it is closed. */
  release(batch: OverlayBatch): void {
    if (this.#holder === batch) {
      const next = this.#waiting.shift()
      this.#holder = next?.batch ?? null
      next?.wake()
      return
    }
    const position = this.#waiting.findIndex(waiter => waiter.batch === batch)
    if (position >= 0) this.#waiting.splice(position, 1)[0]!.wake()
  }
}
