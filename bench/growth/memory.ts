import type { Memory } from './tasks.ts'

/** After garbage collection: twice, with a turn of the event loop between, for what finalizers let go. */
export async function memory(): Promise<Memory> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc!()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
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
