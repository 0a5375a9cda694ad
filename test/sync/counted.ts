import { Transform } from 'streamx'
import type { Autobee, AutobeeOptions, KeyLike } from '../../src/index.ts'
import { RANGES } from '../../src/options.ts'
import { noRangeStats, type RangeStats } from '../../src/sync/ranges/oplog.ts'
import type { Harness } from '../core/harness.ts'
import type { Replicates } from '../support/hostile.ts'
import type { TempStore } from '../support/store.ts'

/** A database, and what it gives and takes in ranges. */
export interface Counted {
  readonly db: Autobee
  readonly ranges: RangeStats
}

type Options = AutobeeOptions & { store?: TempStore | undefined }

export async function counted(
  h: Harness,
  key: KeyLike | null = null,
  options: Options = {}
): Promise<Counted> {
  const ranges = noRangeStats()
  return { db: await h.peer(key, { ...options, [RANGES]: ranges } as Options), ranges }
}

/** One that leaves everything to Hypercore's own replication. */
export function stock(h: Harness, key: KeyLike | null = null, options: Options = {}): Promise<Autobee> {
  return h.peer(key, { ...options, [RANGES]: false } as Options)
}

/** A connection that lets only so many bytes through from `a` to `b`, and then nothing. */
export function connectUpTo(a: Replicates, b: Replicates, { bytes }: { bytes: number }) {
  const left = a.replicate(true)
  const right = b.replicate(false)
  let passed = 0
  let release = () => {}
  const gate = new Transform({
    transform(data: Uint8Array, callback: (error: null, data: Uint8Array) => void) {
      passed += data.byteLength
      if (passed <= bytes) return callback(null, data)
      release = () => callback(null, data)
    }
  } as never)
  for (const stream of [left, right, gate]) stream.on('error', () => {})
  left.pipe(gate as never)
  gate.pipe(right as never)
  right.pipe(left as never)
  return {
    /** Bytes that came to the gate. */
    get passed() {
      return passed
    },
    get isShut() {
      return passed > bytes
    },
    /** Lets everything through from now on. */
    open() {
      bytes = Number.POSITIVE_INFINITY
      release()
    },
    async cut() {
      const closed = [left, right].map(
        stream => new Promise(resolve => stream.once('close', resolve as never))
      )
      left.destroy()
      right.destroy()
      gate.destroy()
      await Promise.all(closed)
    }
  }
}
