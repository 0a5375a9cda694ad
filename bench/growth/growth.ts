/** One database that grows tenfold from step to step: what an append, the memory and opening cost at each size. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { median } from '../measure.ts'
import { Scope } from '../scope.ts'
import { Failure, runChild, start } from './run-child.ts'
import type { Grown, Opened, Read, Serving } from './tasks.ts'

export interface GrowthOptions {
  /** Entries; the last size is measured and not passed. */
  readonly sizes: readonly number[]
  /** Readers replay databases up to this size. */
  readonly readUpTo: number
  say(line: string): void
}

export interface Size {
  readonly size: number
  readonly grown: Grown | Failure
  /** Bytes on disk per entry. */
  readonly disk: number | null
  readonly opened: Opened | Failure | null
  readonly read: Read | Failure | null
}

const OPENINGS = 5
const GROW_SECONDS = 300
const OPEN_SECONDS = 60
const READ_SECONDS = 120

export function measureGrowth({ sizes, readUpTo, say }: GrowthOptions): Promise<Size[]> {
  return Scope.run(async scope => {
    const dir = await scope.dir()
    const results: Size[] = []
    let from = 0
    for (const size of sizes) {
      say(`growing from ${from} to ${size} entries`)
      const grown = await runChild<Grown>({ task: 'grow', dir, from, to: size }, { seconds: GROW_SECONDS })
      if (grown instanceof Failure) {
        results.push({ size, grown, disk: null, opened: null, read: null })
        break
      }
      from = grown.entries
      const disk = (await bytesIn(dir)) / grown.entries
      say(`opening ${grown.entries} entries`)
      const opened = await openings(dir, grown.entries)
      let read: Read | Failure | null = null
      if (size <= readUpTo) {
        say(`replaying ${grown.entries} entries`)
        read = await replay(dir, { grown, readerDir: await scope.dir() })
      }
      results.push({ size, grown, disk, opened, read })
    }
    return results
  })
}

/** The median of several, each figure by itself. */
async function openings(dir: string, entries: number): Promise<Opened | Failure> {
  const all: Opened[] = []
  for (let i = 0; i < OPENINGS; i++) {
    const opened = await runChild<Opened>({ task: 'open', dir, entries }, { seconds: OPEN_SECONDS })
    if (opened instanceof Failure) return opened
    all.push(opened)
  }
  const of = (figure: (one: Opened) => number) => median(all.map(figure))
  return {
    store: of(one => one.store),
    database: of(one => one.database),
    memory: { rss: of(one => one.memory.rss), heap: of(one => one.memory.heap) }
  }
}

async function replay(
  dir: string,
  { grown, readerDir }: { grown: Grown; readerDir: string }
): Promise<Read | Failure> {
  const server = start<Serving>({ task: 'serve', dir }, { seconds: OPEN_SECONDS })
  try {
    const serving = await server.done
    if (serving instanceof Failure) return serving
    const { key, entries } = grown
    const task = { task: 'read', dir: readerDir, key, port: serving.port, entries } as const
    return await runChild<Read>(task, { seconds: READ_SECONDS })
  } finally {
    await server.stop()
  }
}

async function bytesIn(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}
