import { corruptError } from './errors.ts'
import type { Log } from './log.ts'
import { entrySum } from './operations.ts'
import { boundOf, offsetOf, type Place } from './place.ts'
import { viewOf } from './record.ts'

/** Bytes between two values that are read with them rather than with a read for each. */
const GAP = 16 * 1024
const LONGEST_RUN = 512 * 1024

export interface Wanted {
  readonly key: Uint8Array
  readonly place: Place
}

interface Run {
  readonly start: number
  end: number
  readonly wanted: number[]
}

/**
 * The values in these places, out of the cache or the file; neighbours with one read. The caller holds a pin.
 * `keep`: keeps them in the cache. Default true.
 * @throws AutobeeError `STORE_CORRUPT`
 */
export async function readValues(
  log: Log,
  wanted: readonly Wanted[],
  { keep = true }: { keep?: boolean } = {}
): Promise<Uint8Array[]> {
  const values: Uint8Array[] = new Array(wanted.length)
  const missing: number[] = []
  for (let i = 0; i < wanted.length; i++) {
    const cached = log.cache.get(wanted[i]!.place)
    if (cached) values[i] = cached
    else missing.push(i)
  }
  const runs = runsOf(log, { wanted, missing })
  await Promise.all(
    runs.map(async run => {
      const bytes = await log.file.read(run.start, run.end - run.start)
      for (const i of run.wanted) {
        const { place } = wanted[i]!
        const value = decodeValue(bytes.subarray(offsetOf(place) - run.start), wanted[i]!)
        if (keep) log.cache.set(place, value)
        values[i] = value
      }
    })
  )
  return values
}

function runsOf(log: Log, { wanted, missing }: { wanted: readonly Wanted[]; missing: number[] }): Run[] {
  missing.sort((a, b) => wanted[a]!.place - wanted[b]!.place)
  const runs: Run[] = []
  for (const i of missing) {
    const { place } = wanted[i]!
    const start = offsetOf(place)
    const end = Math.min(start + 8 + boundOf(place), log.end)
    const last = runs.at(-1)
    if (last && start <= last.end + GAP && end - last.start <= LONGEST_RUN) {
      last.end = Math.max(last.end, end)
      last.wanted.push(i)
    } else {
      runs.push({ start, end, wanted: [i] })
    }
  }
  return runs
}

/** A copy: the value does not keep what was read around it. */
function decodeValue(bytes: Uint8Array, { key, place }: Wanted): Uint8Array {
  const view = viewOf(bytes)
  const length = bytes.length < 8 ? Number.POSITIVE_INFINITY : view.getUint32(0, true)
  if (length <= boundOf(place) && length <= bytes.length - 8) {
    const value = bytes.slice(4, 4 + length)
    if (view.getUint32(4 + length, true) === entrySum(key, value)) return value
  }
  throw corruptError('a value of this store is not what was written')
}
