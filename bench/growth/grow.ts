import b4a from 'b4a'
import { Counter, countStores, median, probed, time, timed } from '../measure.ts'
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

/** Appends up to `to`, then measures single appends from there on. Leaves the store closed and on disk. */
export async function grow(task: GrowTask, tell: (entries: number) => void): Promise<Grown> {
  countStores()
  await warmUp()
  return Scope.run(async scope => {
    const store = await scope.store(task.dir)
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
    await quiet()

    const bare = await openHypercore(scope)
    const turns = await byTurns({ ours: value => db.append(value), bare }, task.to)
    const result = {
      ...turns,
      growing,
      memory: await memory(),
      peak: peak(),
      key: b4a.toString(db.key!, 'hex')
    }
    await db.close()
    await store.storage.db.flush()
    return result
  })
}

/** On databases that are gone afterwards: the code runs slowly the first time. */
function warmUp(): Promise<void> {
  return Scope.run(async scope => {
    const db = openAutobee(await scope.store(), { role: 'indexer' })
    await db.ready()
    const bare = await openHypercore(scope)
    for (let i = 0; i < WARM_UP; i++) {
      await db.append(valueAt(i))
      await bare(valueAt(i))
    }
    await db.close()
  })
}

/** So many of one, then as many of the other: both see the same machine. */
async function byTurns({ ours, bare }: { ours: Append; bare: Append }, from: number) {
  const counter = new Counter()
  const times: { ours: number; bare: number }[] = []
  await probed(counter, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const values = Array.from({ length: TURN }, (_, i) => valueAt(from + turn * TURN + i))
      const each = (append: Append) => async () => {
        for (const value of values) await append(value)
      }
      times.push({ bare: await time(each(bare)), ours: await timed(each(ours)) })
    }
  })
  const appends = TURN * TURNS
  const { reads, bytes } = counter.per(appends)
  const rate = (of: 'ours' | 'bare') => (TURN * 1000) / median(times.map(turn => turn[of]))
  return {
    entries: from + appends,
    ours: rate('ours'),
    bare: rate('bare'),
    ratio: median(times.map(turn => turn.bare / turn.ours)),
    cpu: counter.cpuPer(appends),
    readBatches: reads,
    bytesWritten: bytes
  }
}
