/** The cases: each opens what it needs, warms nothing up, and returns ms. */
import b4a from 'b4a'
import type Corestore from 'corestore'
import { type ApplyNode, Autobee, type HyperbeeView } from '../src/index.ts'
import { time, timed, withStore } from './measure.ts'

/** About 100 bytes; says which key it is put under. */
export function valueFor(key: string): Uint8Array {
  return b4a.from(JSON.stringify({ key, text: '-'.repeat(80 - key.length) }))
}

/** As in the quickstart: one put per value; here a key for each value. */
async function apply(nodes: ApplyNode[], view: HyperbeeView, host: { addWriter(key: string): void }) {
  for (const node of nodes) {
    const op = JSON.parse(b4a.toString(node.value)) as { key?: string; addWriter?: string }
    if (op.addWriter) host.addWriter(op.addWriter)
    if (op.key === undefined) continue
    const batch = view.write()
    batch.tryPut(b4a.from(op.key), node.value)
    await batch.flush()
  }
}

async function open(store: Corestore, key: Uint8Array | null = null): Promise<Autobee> {
  const db = new Autobee(store, key, { apply, ackInterval: 0 })
  await db.ready()
  return db
}

/** Runs with an Autobee of its own on disk. */
export function withAutobee<T>(run: (db: Autobee) => Promise<T>): Promise<T> {
  return withStore(async store => {
    const db = await open(store)
    try {
      // the first append writes more than those that follow
      await db.append(valueFor('first'))
      return await run(db)
    } finally {
      await db.close()
    }
  })
}

/** Something that takes one value after the other. */
export type Append = (value: Uint8Array) => Promise<unknown>

/** Runs with the appends of a bare Hypercore, of the same values, in a store of the same kind. */
export function withHypercore<T>(run: (append: Append) => Promise<T>): Promise<T> {
  return withStore(async store => {
    const core = store.get({ name: 'bare' })
    await core.ready()
    await core.append(valueFor('first') as Buffer)
    return run(value => core.append(value as Buffer))
  })
}

/** Each awaited before the next. */
export async function appendSequentially(append: Append, range: { from?: number; to: number }) {
  for (let i = range.from ?? 0; i < range.to; i++) await append(valueFor(`key ${i}`))
}

/** Appends of both by turns of 50, so that both see the same machine. Returns ms of each, with `to - from` values. */
export async function byTurns(
  sides: { readonly ours: Append; readonly bare: Append },
  range: { from: number; to: number }
): Promise<{ ours: number; bare: number }> {
  const sums = { ours: 0, bare: 0 }
  for (let from = range.from; from < range.to; from += 50) {
    const to = Math.min(from + 50, range.to)
    sums.bare += await time(() => appendSequentially(sides.bare, { from, to }))
    sums.ours += await timed(() => appendSequentially(sides.ours, { from, to }))
  }
  return sums
}

/** A new Autobee and a new bare Hypercore side by side. */
export const sequential = (count: number) =>
  withHypercore(bare =>
    withAutobee(db => byTurns({ ours: value => db.append(value), bare }, { from: 0, to: count }))
  )

const values = (count: number, prefix = 'key') =>
  Array.from({ length: count }, (_, i) => valueFor(`${prefix} ${i}`))

export const batch = (count: number) =>
  withAutobee(db => {
    const list = values(count)
    return timed(() => db.append(list))
  })

export const parallel = (count: number) =>
  withAutobee(db => {
    const list = values(count)
    return timed(() => Promise.all(list.map(value => db.append(value))))
  })

/**
 * Two writers append `count` each while apart, by turns, and half of the keys are the same on both sides. From connecting until
 * both have the same view, durably.
 */
export function fork(count: number): Promise<number> {
  return withStore(storeA =>
    withStore(async storeB => {
      const a = await open(storeA)
      const b = await open(storeB, a.key)
      try {
        const cut = connect(a, b)
        await a.append(b4a.from(JSON.stringify({ addWriter: b.local.id })))
        await until([a, b], async () => b.writable)
        await cut()
        for (let i = 0; i < count; i++) {
          await a.append(valueFor(i % 2 ? `both ${i}` : `a ${i}`))
          await b.append(valueFor(i % 2 ? `both ${i}` : `b ${i}`))
        }
        return await timeMerge(a, b, count)
      } finally {
        await a.close()
        await b.close()
      }
    })
  )
}

async function timeMerge(a: Autobee, b: Autobee, count: number): Promise<number> {
  const last = (count - 1) & ~1
  const has = async (db: Autobee, key: string) => (await db.bee.get(b4a.from(key))) !== null
  let cut = async () => {}
  const ms = await timed(async () => {
    let end = 0
    cut = connect(a, b)
    await until([a, b], async () => {
      if (!(await has(a, `b ${last}`)) || !(await has(b, `a ${last}`))) return false
      // what is shown is durable; reading all of it to be sure is not part of the time
      end = performance.now()
      const [one, other] = await Promise.all([contents(a), contents(b)])
      return one.length === Math.ceil(count / 2) * 2 + Math.floor(count / 2) && same(one, other)
    })
    return end
  })
  await cut()
  return ms
}

async function contents(db: Autobee): Promise<string[]> {
  const list: string[] = []
  for await (const { key, value } of db.bee.createReadStream())
    list.push(`${b4a.toString(key as Uint8Array)} ${b4a.toString(value as Uint8Array)}`)
  return list
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, i) => item === other[i])
}

/** Looks again after each update of any of them. */
function until(dbs: readonly Autobee[], condition: () => Promise<boolean>): Promise<void> {
  return new Promise((resolve, reject) => {
    let looking = false
    let again = false
    let done = false
    const finish = (end: () => void) => {
      if (done) return
      done = true
      clearTimeout(timer)
      for (const db of dbs) db.off('update', look)
      end()
    }
    const look = async () => {
      again = true
      if (looking) return
      looking = true
      try {
        while (again && !done) {
          again = false
          if (await condition()) finish(resolve)
        }
      } catch (error) {
        finish(() => reject(error))
      } finally {
        looking = false
      }
    }
    const timer = setTimeout(() => finish(() => reject(new Error('They did not come together'))), 60_000)
    for (const db of dbs) db.on('update', look)
    void look()
  })
}

/** Returns what cuts them apart. */
function connect(a: Autobee, b: Autobee): () => Promise<void> {
  const left = a.replicate(true)
  const right = b.replicate(false)
  const closed = [left, right].map(
    stream =>
      new Promise<void>(resolve => {
        stream.on('error', () => {})
        stream.once('close', () => resolve())
      })
  )
  left.pipe(right as never)
  right.pipe(left as never)
  return async () => {
    left.destroy()
    right.destroy()
    await Promise.all(closed)
  }
}
