/**
 * What the order costs. Not part of npm test: nothing here is asserted.
 *
 *   npx rolldown bench/order.ts --platform node --file dist/bench/order.mjs
 *   node --expose-gc dist/bench/order.mjs
 */
import { Linearizer, type Link, nextTimestamp, type RoleChange, type UnitFacts } from '../src/order/index.ts'

interface Unit extends UnitFacts {
  readonly changes: readonly RoleChange[]
}

const NONE: readonly RoleChange[] = []

/** Hex keys as long as real ones. */
const keyOf = (writer: number) => (writer + 1).toString(16).padStart(8, '0').repeat(8)
const A = keyOf(0)
const B = keyOf(1)

/** Writes units, as honest peers would: later than what they link to. */
class Pen {
  now = 1_700_000_000_000
  readonly #last = new Map<string, Unit>()

  write(writer: string, o: { links?: readonly Unit[]; changes?: readonly RoleChange[] } = {}): Unit {
    const links = o.links ?? []
    const previous = this.#last.get(writer)
    const start = previous?.length ?? 0
    const unit: Unit = {
      writer,
      start,
      length: start + 1,
      timestamp: nextTimestamp({
        now: this.now++,
        previous: previous?.timestamp ?? 0,
        linked: links.reduce((highest, link) => Math.max(highest, link.timestamp), 0)
      }),
      links: links.map((link): Link => ({ writer: link.writer, length: link.length })),
      optimistic: false,
      changes: o.changes ?? NONE
    }
    this.#last.set(writer, unit)
    return unit
  }
}

const members = (keys: readonly string[], role: RoleChange['role']) => keys.map(writer => ({ writer, role }))

function drain(lin: Linearizer<Unit>): void {
  for (let placed = lin.next(); placed !== null; placed = lin.next()) {
    const applied = placed.verdict === 'apply'
    lin.done({ applied, changes: applied ? placed.unit.changes : NONE })
  }
}

function arrive(lin: Linearizer<Unit>, units: readonly Unit[], burst = 1): void {
  for (let i = 0; i < units.length; i += burst) {
    for (let j = i; j < Math.min(i + burst, units.length); j++) lin.add(units[j]!)
    lin.settle()
    drain(lin)
  }
}

/** The median of several runs, each on what `prepare` made. */
function measure<T>(
  name: string,
  o: { per?: number; prepare: () => T; run: (input: T) => void; times?: number }
): void {
  const times: number[] = []
  for (let i = 0; i < (o.times ?? 7); i++) {
    const input = o.prepare()
    const start = performance.now()
    o.run(input)
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const ms = times[times.length >> 1]!
  const each = o.per === undefined ? '' : `, ${((ms * 1000) / o.per).toFixed(2)} µs per unit`
  console.log(`${name}: ${ms.toFixed(2)} ms${each}`)
}

const started = (keys: readonly string[], role: RoleChange['role']) => {
  const pen = new Pen()
  const lin = new Linearizer<Unit>({ bootstrap: A })
  const first = pen.write(A, { changes: members(keys, role) })
  arrive(lin, [first])
  return { pen, lin, first }
}

measure('in order, one writer, one by one', {
  per: 100_000,
  prepare: () => {
    const { pen, lin } = started([], 'indexer')
    return { lin, units: Array.from({ length: 100_000 }, () => pen.write(A)) }
  },
  run: ({ lin, units }) => arrive(lin, units)
})

for (const role of ['indexer', 'writer'] as const) {
  const keys = Array.from({ length: 8 }, (_, i) => keyOf(i + 1))
  measure(`in order, 8 writers (${role}s) that link to each other, one by one`, {
    per: 100_000,
    prepare: () => {
      const { pen, lin, first } = started(keys, role)
      let last = first
      const units = Array.from({ length: 100_000 }, (_, i) => {
        last = pen.write(keys[i % 8]!, { links: [last] })
        return last
      })
      return { lin, units }
    },
    run: ({ lin, units }) => arrive(lin, units)
  })
}

for (const size of [100, 500, 5000]) {
  measure(`merge of two forks of ${size} (two indexers)`, {
    per: size * 2,
    times: 31,
    prepare: () => {
      const { pen, lin } = started([B], 'indexer')
      const ours: Unit[] = []
      const theirs: Unit[] = []
      for (let i = 0; i < size; i++) {
        ours.push(pen.write(A))
        theirs.push(pen.write(B))
      }
      arrive(lin, ours)
      return { lin, theirs }
    },
    run: ({ lin, theirs }) => arrive(lin, theirs, theirs.length)
  })
}

const crowd = Array.from({ length: 1000 }, (_, i) => keyOf(i + 2))

/** 1000 ordinary writers that write by turns; one of two indexers acks all that is new after every 100 units. */
function crowded(count: number) {
  const { pen, lin } = started([], 'indexer')
  const units = [pen.write(A, { changes: [...members([B], 'indexer'), ...members(crowd, 'writer')] })]
  let heads: Unit[] = []
  for (let i = 0; units.length < count; i++) {
    heads.push(pen.write(crowd[(i * 7919) % crowd.length]!))
    units.push(heads.at(-1)!)
    if (i % 100 !== 99) continue
    const ack = pen.write(i % 200 === 99 ? A : B, { links: heads })
    units.push(ack)
    heads = [ack]
  }
  return { lin, units }
}

measure('1000 ordinary writers, 2 indexers, 20,000 units, one by one', {
  per: 20_000,
  prepare: () => crowded(20_000),
  run: ({ lin, units }) => arrive(lin, units)
})
measure('the same, all at once', {
  per: 20_000,
  prepare: () => crowded(20_000),
  run: ({ lin, units }) => arrive(lin, units, units.length)
})
measure('the same, in bursts of 500, each burst writer by writer', {
  per: 20_000,
  prepare: () => {
    const { lin, units } = crowded(20_000)
    const mixed: Unit[] = []
    for (let i = 0; i < units.length; i += 500) {
      // acks last, since they link to the others
      const key = ({ writer }: Unit) => (writer === A || writer === B ? 'z' : writer)
      const burst = units.slice(i, i + 500)
      mixed.push(
        ...burst.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.timestamp - b.timestamp))
      )
    }
    return { lin, units: mixed }
  },
  run: ({ lin, units }) => arrive(lin, units, 500)
})

/** A tail of 20,000 units of ordinary writers that no indexer has referred to. */
function tailed() {
  const { pen, lin } = started(crowd, 'writer')
  const tail = Array.from({ length: 20_000 }, (_, i) => pen.write(crowd[i % crowd.length]!))
  arrive(lin, tail)
  return { lin, ack: pen.write(A, { links: tail.slice(-crowd.length) }) }
}
measure('firstDifference of an ack of 20,000 trailing units', {
  per: 20_000,
  prepare: tailed,
  run: ({ lin, ack }) => {
    if (lin.firstDifference(ack) !== lin.length) throw new Error('An ack changes nothing')
  }
})
measure('that ack arrives', { per: 20_000, prepare: tailed, run: ({ lin, ack }) => arrive(lin, [ack]) })

measure('firstDifference of the next unit of 1000 writers, 100,000 units in order', {
  per: 1000,
  prepare: () => {
    const { pen, lin } = started(crowd, 'indexer')
    const units = Array.from({ length: 100_000 }, (_, i) => pen.write(crowd[(i * 31) % crowd.length]!))
    arrive(lin, units, 1000)
    return { lin, news: crowd.map(writer => pen.write(writer)) }
  },
  run: ({ lin, news }) => {
    for (const unit of news) lin.firstDifference(unit)
  }
})

measure('worst case: 2000 units in one past, each makes an indexer whose unit comes next', {
  per: 4000,
  prepare: () => {
    const { pen, lin } = started([B], 'writer')
    const units: Unit[] = []
    let last: Unit | null = null
    for (let i = 0; i < 2000; i++) {
      const promoted = keyOf(10_000 + i)
      last = pen.write(B, { changes: [{ writer: promoted, role: 'indexer' }] })
      units.push(last, pen.write(promoted))
    }
    units.push(pen.write(A, { links: [last!] }))
    return { lin, units }
  },
  run: ({ lin, units }) => arrive(lin, units, units.length)
})

const collect = (globalThis as { gc?: () => void }).gc
if (collect !== undefined) {
  const keys = Array.from({ length: 8 }, (_, i) => keyOf(i + 1))
  const { pen, lin, first } = started(keys, 'indexer')
  let last = first
  const units = Array.from({ length: 1_000_000 }, (_, i) => {
    last = pen.write(keys[i % 8]!, { links: [last] })
    return last
  })
  collect()
  const before = process.memoryUsage().heapUsed
  const start = performance.now()
  arrive(lin, units, 1000)
  const ms = performance.now() - start
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  console.log(
    `1,000,000 units of 8 indexers, one link each, in bursts of 1000: ${ms.toFixed(0)} ms, ${(bytes / 1e6).toFixed(0)} bytes per unit beside the unit itself`
  )
  if (lin.length !== units.length + 1) throw new Error('All of them are in order')
}
