import type { LogFile, LogFiles } from '../../../adapters/storage/log/file.ts'
import { LogStore, type LogStoreOptions } from '../../../adapters/storage/log/store.ts'
import { contents } from '../../../adapters/testing/bytes.ts'
import { AutobeeError } from '../../../src/index.ts'

export type Slot = 0 | 1

export type Step =
  | {
      readonly type: 'write'
      readonly slot: Slot
      readonly at: number
      readonly bytes: Uint8Array
      time: number
    }
  | { readonly type: 'truncate'; readonly slot: Slot; readonly size: number; time: number }
  | { readonly type: 'sync'; readonly slot: Slot; time: number }

export interface DiskOptions {
  truncates?: boolean
  syncs?: boolean
}

/** Two files in memory, with a journal of all that was done to them, so that any moment of it can be had again. */
export class Disk {
  readonly options: DiskOptions
  readonly journal: Step[] = []
  readonly slots: [Uint8Array, Uint8Array]
  /** ms, what the store takes for the time. */
  time = 0
  /** Called before a write; what it throws fails the write, what it gives is how much of the bytes is written first. */
  onwrite: ((slot: Slot, bytes: Uint8Array) => number | Promise<number>) | null = null
  /** Bytes that were read. */
  bytesRead = 0
  largestRead = 0

  constructor(
    options: DiskOptions = {},
    slots: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)]
  ) {
    this.options = options
    this.slots = slots
  }

  files(): LogFiles {
    return { name: 'disk', slots: [this.#file(0), this.#file(1)], close: async () => {} }
  }

  open(options: LogStoreOptions = {}): Promise<LogStore> {
    return LogStore.open(this.files(), { now: () => this.time, ...options })
  }

  /** Another disk with the same bytes. */
  copy(): Disk {
    const copy = new Disk(this.options, [this.slots[0].slice(), this.slots[1].slice()])
    copy.time = this.time
    return copy
  }

  cut(slot: Slot, size: number): this {
    this.slots[slot] = this.slots[slot].slice(0, size)
    return this
  }

  flip(slot: Slot, at: number, mask = 1): this {
    this.slots[slot][at]! ^= mask
    return this
  }

  apply(step: Step): this {
    if (step.type === 'write') this.#write(step.slot, step.at, step.bytes)
    else if (step.type === 'truncate') this.cut(step.slot, step.size)
    return this
  }

  #write(slot: Slot, at: number, bytes: Uint8Array): void {
    const before = this.slots[slot]
    const end = at + bytes.length
    const after = end > before.length ? new Uint8Array(end) : before
    if (after !== before) after.set(before)
    after.set(bytes, at)
    this.slots[slot] = after
  }

  #file(slot: Slot): LogFile {
    const { truncates = true, syncs = true } = this.options
    return {
      size: async () => this.slots[slot].length,
      read: async (at, length) => {
        if (at + length > this.slots[slot].length) throw new AutobeeError('STORE_FAILED', 'beyond the end')
        this.bytesRead += length
        this.largestRead = Math.max(this.largestRead, length)
        return this.slots[slot].slice(at, at + length)
      },
      write: async (at, bytes) => {
        if (at > this.slots[slot].length) throw new Error('a gap')
        const written = this.onwrite ? await this.onwrite(slot, bytes) : bytes.length
        this.#write(slot, at, bytes.subarray(0, written))
        if (written < bytes.length) throw new AutobeeError('STORE_FULL', 'a short write')
        this.journal.push({ type: 'write', slot, at, bytes: bytes.slice(), time: this.time })
      },
      ...(syncs && { sync: async () => void this.journal.push({ type: 'sync', slot, time: this.time }) }),
      ...(truncates && {
        truncate: async size => {
          this.cut(slot, size)
          this.journal.push({ type: 'truncate', slot, size, time: this.time })
        }
      })
    }
  }
}

/** Everything in the store, as text that can be compared. */
export async function dump(store: LogStore): Promise<string> {
  const entries = await contents(store)
  return entries.map(({ key, value }) => `${hex(key)}=${hex(value)}`).join(' ')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
