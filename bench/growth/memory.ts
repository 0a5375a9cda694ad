import type { Memory } from './tasks.ts'

const MOST_COLLECTIONS = 10
const SETTLED = 0.01

/** After garbage collection, as often as it finds something: finalizers let go of bytes in later turns of the event loop. */
export async function memory(): Promise<Memory> {
  let before = Number.POSITIVE_INFINITY
  for (let i = 0; i < MOST_COLLECTIONS; i++) {
    globalThis.gc!()
    await new Promise(resolve => setTimeout(resolve, 50))
    const heap = heapNow()
    if (heap > before * (1 - SETTLED)) break
    before = heap
  }
  return { rss: process.memoryUsage.rss(), heap: heapNow() }
}

function heapNow(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The highest resident memory of this process so far, bytes. */
export const peak = (): number => process.resourceUsage().maxRSS * 1024

const QUIET_MS = 250
const QUIET_SHARE = 0.05
const TRIES = 120

/** Until this process all but rests: the store merges its files in the background. At most half a minute. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const before = process.cpuUsage()
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    const { user, system } = process.cpuUsage(before)
    if (user + system < QUIET_SHARE * QUIET_MS * 1000) return
  }
}
