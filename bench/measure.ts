/** What every case shares: times, counts of what a store does, medians. */
import { createRequire } from 'node:module'

/** Calls of the RocksDB binding. Unlike times they do not depend on what else the machine does. */
export interface Counts {
  /** Batches of reads, and keys in them. */
  reads: number
  gets: number
  /** Batches of writes, and keys in them. */
  writes: number
  puts: number
  /** Bytes of keys and values put. */
  bytes: number
}

interface Batch {
  get(key: Uint8Array): Promise<unknown>
  tryPut(key: Uint8Array, value: Uint8Array): void
}

interface Binding {
  prototype: {
    read(options: unknown): Batch
    write(options: unknown): Batch
  }
}

const NOTHING: Readonly<Counts> = { reads: 0, gets: 0, writes: 0, puts: 0, bytes: 0 }
const NAMES = Object.keys(NOTHING) as (keyof Counts)[]

const counts: Counts = { ...NOTHING }

/** Counts from now on, in all stores of this process. */
export function countStores(): void {
  const fromCorestore = createRequire(createRequire(import.meta.url).resolve('corestore'))
  const fromStorage = createRequire(fromCorestore.resolve('hypercore-storage'))
  const { prototype } = fromStorage('rocksdb-native') as Binding
  const { read, write } = prototype
  const seen = new WeakSet<Batch>()
  prototype.read = function (options) {
    const batch = read.call(this, options)
    counts.reads++
    // the binding uses its batches again
    if (seen.has(batch)) return batch
    seen.add(batch)
    const get = batch.get
    batch.get = key => {
      counts.gets++
      return get.call(batch, key)
    }
    return batch
  }
  prototype.write = function (options) {
    const batch = write.call(this, options)
    counts.writes++
    if (seen.has(batch)) return batch
    seen.add(batch)
    const tryPut = batch.tryPut
    batch.tryPut = (key, value) => {
      counts.puts++
      counts.bytes += key.byteLength + (value?.byteLength ?? 0)
      tryPut.call(batch, key, value)
    }
    return batch
  }
}

/** Looks at the timed part of the cases; what comes before and after it is not its business. */
export interface Probe {
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

const probes = new Set<Probe>()

/** One within another: both see what is timed. */
export async function probed<T>(by: Probe, run: () => Promise<T>): Promise<T> {
  probes.add(by)
  try {
    return await run()
  } finally {
    probes.delete(by)
  }
}

/** Adds up what the timed parts cost: processor time, and what they made the stores of this process do. */
export class Counter implements Probe {
  readonly #sum: Counts = { ...NOTHING }
  #before: Counts = NOTHING
  #cpuBefore = process.cpuUsage()
  #cpu = 0

  async begin(): Promise<void> {
    this.#before = { ...counts }
    this.#cpuBefore = process.cpuUsage()
  }

  async end(): Promise<void> {
    const { user, system } = process.cpuUsage(this.#cpuBefore)
    this.#cpu += user + system
    for (const name of NAMES) this.#sum[name] += counts[name] - this.#before[name]
  }

  /** Time of all processors, threads of the store included, per one of so many, µs. */
  cpuPer(units: number): number {
    return this.#cpu / units
  }

  /** Per one of so many. */
  per(units: number): Counts {
    const each = { ...NOTHING }
    for (const name of NAMES) each[name] = this.#sum[name] / units
    return each
  }
}

/** How long what a case is about takes, ms. */
export function timed(run: () => Promise<unknown>): Promise<number> {
  return timedUntil(async () => {
    await run()
    return performance.now()
  })
}

/** The same for what was over at the time that `run` gives: to find out may take longer. */
export async function timedUntil(run: () => Promise<number>): Promise<number> {
  for (const probe of probes) await probe.begin()
  const start = performance.now()
  const end = await run()
  for (const probe of probes) await probe.end()
  return end - start
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Between two values, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1)
}
