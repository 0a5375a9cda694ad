import b4a from 'b4a'
import type Corestore from 'corestore'
import Hyperbee from 'hyperbee2'
import { expect, test } from 'vitest'
import { BufferedWriter, RawWriter, type ViewWriter } from '../../src/engine/view-writer.ts'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import type { Unit } from '../../src/oplog/unit.ts'
import { Model } from './model.ts'
import { contentsOf } from './peer.ts'
import { createApply, type Op } from './program.ts'
import { Random } from './random.ts'
import { someOps } from './steps.ts'
import type { Runtime } from './world.ts'

const HISTORIES = 6
const UNITS = 80
const WRITERS = ['aa', 'bb', 'cc'].map(byte => byte.repeat(32))

/** However an order is cut into flushes, and wherever it is taken back and applied again, the view is the same. */
export function defineChunking(runtime: Runtime): void {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    test(`history ${seed} gives one view in every chunking`, async () => {
      const units = history(new Random(seed))
      const model = new Model()
      const strangers = units.map(unit => ({ unit, applied: apply(model, unit).applied }))
      expect(strangers.some(({ applied }) => !applied)).toBe(true)
      const disk = await runtime.createDisk(new Random(seed).bytes(32))
      const store = await disk.open()
      try {
        const random = new Random(-seed)
        const chunkings = [() => 1, () => 3, () => 16, () => UNITS, () => random.int(1, 40)]
        for (const [i, chunk] of chunkings.entries()) {
          const writer = new BufferedWriter(await openTree(store, `buffered ${i}`))
          expect(await replay(units, { writer, random, chunk })).toEqual(model.list())
        }
        // every write is a flush of its own
        const writer = new RawWriter(await openTree(store, 'raw'))
        expect(await replay(units, { writer, random, chunk: () => 10 })).toEqual(model.list())
      } finally {
        await store.close()
        await disk.destroy()
      }
    })
  }
}

function apply(model: Model, unit: Unit) {
  return model.apply(unit, { isStranger: unit.optimistic })
}

async function openTree(store: Corestore, name: string): Promise<Hyperbee> {
  const core = store.get({ name })
  await core.ready()
  const tree = new Hyperbee(store, { core })
  await tree.ready()
  return tree
}

/** Applies all units; now and then goes back to an earlier flush, and on from there. Returns the view. */
async function replay(
  units: readonly Unit[],
  { writer, random, chunk }: { writer: ViewWriter; random: Random; chunk: () => number }
): Promise<string[]> {
  const points = [{ position: 0, view: 0 }]
  for (let position = 0, undos = 4; position < units.length; ) {
    const end = Math.min(units.length, position + chunk())
    for (; position < end; position++) await applyOn(writer, units[position] as Unit)
    await writer.flush()
    points.push({ position, view: writer.head })
    if (undos-- <= 0) continue
    const point = random.pick(points)
    points.length = points.indexOf(point) + 1
    writer.move(point.view)
    position = point.position
  }
  const contents = await contentsOf(writer.bee as HyperbeeView)
  return [...contents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
}

async function applyOn(writer: ViewWriter, unit: Unit): Promise<void> {
  const acknowledged = new Set<string>()
  const host = {
    addWriter() {},
    removeWriter() {},
    ackWriter: (key: string) => acknowledged.add(key)
  } as unknown as Host
  const mark = writer.mark()
  const nodes: ApplyNode[] = (unit.values ?? []).map((value, i) => ({
    key: unit.key as ApplyNode['key'],
    value: value as ApplyNode['value'],
    length: unit.start + i + 1,
    timestamp: unit.timestamp,
    optimistic: unit.optimistic
  }))
  let isThrown = false
  try {
    await createApply({ onunit() {} })(nodes as ApplyNode<unknown>[], writer.bee as HyperbeeView, host)
  } catch (error) {
    if (!unit.optimistic) throw error
    isThrown = true
  }
  writer.endUnit()
  if (isThrown || (unit.optimistic && !acknowledged.has(unit.writer))) writer.rollback(mark)
}

function history(random: Random): Unit[] {
  const lengths = new Map(WRITERS.map(writer => [writer, 0]))
  return Array.from({ length: UNITS }, (_, at): Unit => {
    const writer = random.pick(WRITERS)
    const isStranger = random.chance(0.2)
    const extra: Op[] = isStranger
      ? [['claim', `i${random.int(0, 3)}`, { join: null, strict: random.chance(0.5) }]]
      : random.chance(0.1)
        ? [['invite', `i${random.int(0, 3)}`, random.int(1, 3)]]
        : []
    const values = Array.from({ length: random.int(1, 3) }, (_, i) =>
      b4a.from(JSON.stringify({ id: `${at}/${i}`, ops: [...someOps(random), ...(i === 0 ? extra : [])] }))
    )
    const start = lengths.get(writer) ?? 0
    lengths.set(writer, start + values.length)
    return {
      key: b4a.from(writer, 'hex'),
      writer,
      start,
      length: start + values.length,
      timestamp: 1000 + at,
      links: [],
      optimistic: isStranger,
      ack: false,
      hash: b4a.alloc(32),
      bytes: 0,
      origin: null,
      checkpoint: null,
      values
    }
  })
}
