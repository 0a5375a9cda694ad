import b4a from 'b4a'
import { Counter, countStores, median, probed, timed } from '../measure.ts'
import { openAutobee } from '../peers/autobee.ts'
import { type Append, openHypercore } from '../peers/hypercore.ts'
import { Scope } from '../scope.ts'
import { valueAt } from './data.ts'
import { memory, peak, quiet } from './memory.ts'
import type { Grown, GrowTask } from './tasks.ts'

/** Appends begun at once while it grows; each is a unit of its own. */
const GROUP = 100
const WARM_UP = 1500
const TURN = 100
const TURNS = 20
const TELL_EVERY = 5000

/** The database that grows, one that does not, and a Hypercore by itself. */
type Side = 'ours' | 'small' | 'bare'

/**
 * Appends up to `to`, looks at the memory, then measures single appends from there on. Leaves the store closed and on disk.
 */
export async function grow(task: GrowTask, tell: (entries: number) => void): Promise<Grown> {
  countStores()
  return Scope.run(async scope => {
    const store = await scope.opened(task.dir)
    const db = openAutobee(store, { role: 'indexer' })
    await db.ready()
    const started = performance.now()
    for (let i = task.from; i < task.to; i += GROUP) {
      const group = Array.from({ length: Math.min(GROUP, task.to - i) }, (_, j) => valueAt(i + j))
      await Promise.all(group.map(value => db.append(value)))
      if (i % TELL_EVERY === 0) tell(i)
    }
    const growing = ((task.to - task.from) * 1000) / (performance.now() - started)
    await store.storage.db.flush()
    // before anything else is open in this process
    const used = { memory: await memory(), peak: peak(), growing, key: b4a.toString(db.key!, 'hex') }
    const small = openAutobee(await scope.opened(), { role: 'indexer' })
    await small.ready()
    const bare = await openHypercore(scope)
    // the code runs slowly the first time
    for (let i = 0; i < WARM_UP; i++) {
      await bare(valueAt(i))
      await small.append(valueAt(i))
    }
    await quiet()
    const turns = await byTurns(
      { ours: value => db.append(value), small: value => small.append(value), bare },
      task.to
    )
    await small.close()
    await db.close()
    await store.storage.db.flush()
    return { ...turns, ...used }
  })
}

/** So many of one, then as many of the next: all see the same machine. */
async function byTurns(sides: Record<Side, Append>, from: number) {
  const counter = new Counter()
  const times: Record<Side, number>[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    const values = Array.from({ length: TURN }, (_, i) => valueAt(from + turn * TURN + i))
    const take = (side: Side) =>
      timed(async () => {
        for (const value of values) await sides[side](value)
      })
    const [bare, small] = [await take('bare'), await take('small')]
    times.push({ bare, small, ours: await probed(counter, () => take('ours')) })
  }
  const appends = TURN * TURNS
  const { reads, bytes } = counter.per(appends)
  const rate = (side: Side) => (TURN * 1000) / median(times.map(turn => turn[side]))
  const ratio = (side: Side) => median(times.map(turn => turn[side] / turn.ours))
  return {
    entries: from + appends,
    ours: rate('ours'),
    bare: rate('bare'),
    toBare: ratio('bare'),
    toSmall: ratio('small'),
    cpu: counter.cpuPer(appends),
    readBatches: reads,
    bytesWritten: bytes
  }
}
