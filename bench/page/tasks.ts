/** The longest task of a page's main thread, as Chromium's own trace has it. */
import type { Browser, Page } from 'playwright'

export interface Longest {
  /** ms from its beginning to its end. */
  readonly wall: number
  /** ms of processor that the task took which took most: what else the machine does hardly counts. */
  readonly processor: number
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** µs */
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** Of the tasks that run while `work` goes on. */
export async function longestTask(
  { browser, page }: { browser: Browser; page: Page },
  work: () => Promise<unknown>
): Promise<Longest> {
  await browser.startTracing(page, { categories: ['toplevel'] })
  let trace: Buffer
  try {
    await work()
  } finally {
    trace = await browser.stopTracing()
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`)
  )
  const tasks = traceEvents.filter(
    ({ name, pid, tid, dur }) => name.endsWith('RunTask') && dur !== undefined && threads.has(`${pid}/${tid}`)
  )
  if (tasks.length === 0) throw new Error('this Chromium traces no tasks')
  return {
    wall: Math.max(...tasks.map(({ dur = 0 }) => dur)) / 1000,
    processor: Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000
  }
}
