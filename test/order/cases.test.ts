import { describe, expect, it } from 'vitest'
import {
  Linearizer,
  type Link,
  type Outcome,
  type Role,
  type RoleChange,
  type UnitFacts
} from '../../src/order/index.ts'

interface Unit extends UnitFacts {
  readonly changes: readonly RoleChange[]
  /** For a stranger's optimistic unit: whether apply acknowledges it. */
  readonly welcome: boolean
}

/** Units by name, `b2` being the second unit of b, so that an order reads as a list of names. */
class World {
  readonly lin: Linearizer<Unit>
  readonly #units = new Map<string, Unit>()
  readonly #lengths = new Map<string, number>()

  constructor(options: { local?: string } = {}) {
    this.lin = new Linearizer({ bootstrap: 'a', ...options })
  }

  /** Writes a unit down; `add()` makes it known. */
  unit(
    name: string,
    timestamp: number,
    o: {
      links?: string[]
      roles?: Record<string, Role>
      optimistic?: boolean
      welcome?: boolean
      size?: number
    } = {}
  ): Unit {
    const writer = name[0]!
    const start = this.#lengths.get(writer) ?? 0
    const length = start + (o.size ?? 1)
    this.#lengths.set(writer, length)
    const links = (o.links ?? []).map((link): Link => {
      const target = this.#units.get(link)!
      return { writer: target.writer, length: target.length }
    })
    const changes = Object.entries(o.roles ?? {}).map(([writer, role]) => ({
      writer,
      role
    }))
    const { optimistic = false, welcome = false } = o
    const unit: Unit = {
      writer,
      start,
      length,
      timestamp,
      links,
      optimistic,
      changes,
      welcome
    }
    this.#units.set(name, unit)
    return unit
  }

  add(...names: string[]): void {
    for (const name of names) this.lin.add(this.#units.get(name)!)
  }

  /** Settles and orders what is there; the first position that changed. */
  run(): number {
    const position = this.lin.settle()
    for (let placed = this.lin.next(); placed !== null; placed = this.lin.next())
      this.lin.done(outcome(placed))
    return position
  }

  get order(): string[] {
    return this.#list(() => '')
  }

  /** With what became of each unit: `b2 skip`, `c1 try+` (kept), `c1 try-` (not kept). */
  get verdicts(): string[] {
    return this.#list(
      ({ verdict, applied }) => ` ${verdict}${verdict === 'try' ? (applied ? '+' : '-') : ''}`
    )
  }

  get modes(): string[] {
    return this.#list(({ mode }) => ` ${mode}`)
  }

  #list(describe: (placed: ReturnType<Linearizer<Unit>['at']>) => string): string[] {
    const names = new Map([...this.#units].map(([name, unit]) => [unit, name]))
    return Array.from({ length: this.lin.length }, (_, position) => {
      const placed = this.lin.at(position)
      return names.get(placed.unit) + describe(placed)
    })
  }
}

function outcome({ unit, verdict }: { unit: Unit; verdict: string }): Outcome {
  const applied = verdict === 'apply' || (verdict === 'try' && unit.welcome)
  return { applied, changes: applied ? unit.changes : [] }
}

/** a is the bootstrap; b an indexer, c and d ordinary writers, all added by a1 at time 10. */
function founded(options: { local?: string } = {}): World {
  const world = new World(options)
  world.unit('a1', 10, { roles: { b: 'indexer', c: 'writer', d: 'writer' } })
  world.add('a1')
  world.run()
  return world
}

describe('rule 1: indexers form the backbone', () => {
  it('the bootstrap writer is an indexer from the start', () => {
    const { lin } = new World()
    expect(lin.roleOf('a')).toBe('indexer')
    expect([...lin.members()]).toEqual([{ writer: 'a', role: 'indexer' }])
  })

  it('among indexers it is plain Lamport order: time, then key', () => {
    const world = founded()
    world.unit('b1', 20)
    world.unit('a2', 20)
    world.unit('a3', 40)
    world.unit('b2', 30)
    world.add('a2', 'a3', 'b1', 'b2')
    world.run()
    expect(world.order).toEqual(['a1', 'a2', 'b1', 'b2', 'a3'])
    expect(world.lin.tailStart).toBe(5)
  })

  it('the causal past of an indexer comes before it, smallest first', () => {
    const world = founded()
    world.unit('d1', 21)
    world.unit('c1', 20)
    world.unit('a2', 30, { links: ['d1', 'c1'] })
    world.add('d1', 'c1', 'a2')
    world.run()
    expect(world.order).toEqual(['a1', 'c1', 'd1', 'a2'])
    expect(world.modes.slice(1)).toEqual(['c1 indexer', 'd1 indexer', 'a2 indexer'])
  })

  it('a link into the middle of a unit means the whole unit', () => {
    const world = founded()
    const unit = world.unit('c1', 20, { size: 3 })
    const head = {
      ...world.unit('a2', 30),
      links: [{ writer: 'c', length: 2 }]
    }
    world.lin.add(unit)
    world.lin.add(head)
    world.run()
    expect(world.lin.at(1).unit).toBe(unit)
    expect(world.lin.at(2).unit).toBe(head)
    expect(world.lin.heads()).toEqual([head])
  })
})

describe('rule 2: ordinary writers trail, until an indexer refers to them', () => {
  it('they come after all indexers, whatever their time says', () => {
    const world = founded()
    world.unit('c1', 11)
    world.unit('b1', 50)
    world.add('c1', 'b1')
    world.run()
    expect(world.order).toEqual(['a1', 'b1', 'c1'])
    expect(world.lin.tailStart).toBe(2)
  })

  it('a late edit of an ordinary writer lands late', () => {
    const world = founded()
    world.unit('c1', 20)
    world.unit('a2', 30, { links: ['c1'] })
    world.add('c1', 'a2')
    world.run()
    const late = world.unit('d1', 12)
    expect(world.lin.firstDifference(late)).toBe(3)
    world.add('d1')
    expect(world.run()).toBe(3)
    expect(world.order).toEqual(['a1', 'c1', 'a2', 'd1'])
  })

  it('in the tail they go by time', () => {
    const world = founded()
    world.unit('c1', 20)
    world.unit('d1', 15)
    world.add('c1')
    world.run()
    world.add('d1')
    expect(world.run()).toBe(1)
    expect(world.order).toEqual(['a1', 'd1', 'c1'])
  })

  it('an ack fixes the tail, and changes nothing that was already in this order', () => {
    const world = founded()
    world.unit('c1', 20)
    world.unit('d1', 21)
    world.add('c1', 'd1')
    world.run()
    const ack = world.unit('b1', 30, { links: ['c1', 'd1'] })
    expect(world.lin.firstDifference(ack)).toBe(3)
    world.add('b1')
    expect(world.run()).toBe(3)
    expect(world.order).toEqual(['a1', 'c1', 'd1', 'b1'])
    expect(world.lin.tailStart).toBe(4)
  })

  it('an indexer that does not refer to the tail goes before it', () => {
    const world = founded()
    world.unit('c1', 20)
    world.add('c1')
    world.run()
    const other = world.unit('b1', 30)
    expect(world.lin.firstDifference(other)).toBe(1)
    world.add('b1')
    expect(world.run()).toBe(1)
    expect(world.order).toEqual(['a1', 'b1', 'c1'])
  })
})

describe('removal', () => {
  it('a removed ordinary writer cannot slip back in with an old timestamp', () => {
    const world = founded()
    world.unit('a2', 30, { roles: { c: 'none' } })
    world.unit('c1', 11)
    world.add('a2', 'c1')
    world.run()
    expect(world.order).toEqual(['a1', 'a2'])
    expect(world.lin.orderedLength('c')).toBe(0)
    expect(world.lin.knownLength('c')).toBe(1)
    expect(world.lin.everMember('c')).toBe(true)
  })

  it('what a removed writer appends is skipped when somebody refers to it', () => {
    const world = founded()
    world.unit('a2', 30, { roles: { c: 'none' } })
    world.unit('c1', 11)
    world.unit('d1', 40, { links: ['c1', 'a2'] })
    world.add('a2', 'c1', 'd1')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 'a2 apply', 'c1 skip', 'd1 apply'])
  })

  it('a removed indexer can still slip in with an old timestamp', () => {
    const world = founded()
    world.unit('a2', 30, { roles: { b: 'none' } })
    world.add('a2')
    world.run()
    const old = world.unit('b1', 20)
    expect(world.lin.firstDifference(old)).toBe(1)
    world.add('b1')
    expect(world.run()).toBe(1)
    expect(world.verdicts).toEqual(['a1 apply', 'b1 apply', 'a2 apply'])
  })

  it('a writer that is added again goes on where it was', () => {
    const world = founded()
    world.unit('a2', 20, { roles: { c: 'none' } })
    world.unit('c1', 21)
    world.unit('a3', 30, { roles: { c: 'writer' } })
    world.add('a2', 'c1', 'a3')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 'a2 apply', 'a3 apply', 'c1 apply'])
    expect([...world.lin.members()].map(({ writer }) => writer)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('a role that changes in the middle of a group', () => {
  it('someone who becomes an indexer goes before what is left of the group', () => {
    const world = founded()
    world.unit('c1', 20, { roles: { e: 'indexer' } })
    world.unit('c2', 40)
    world.unit('b1', 50, { links: ['c2'] })
    world.unit('e1', 30)
    world.add('c1', 'c2', 'b1', 'e1')
    world.run()
    expect(world.order).toEqual(['a1', 'c1', 'e1', 'c2', 'b1'])
    expect(world.lin.isExact).toBe(true)
  })

  it('a group whose candidate loses its role is dropped, and the order is not exact from then on', () => {
    const world = founded()
    world.unit('c1', 20, { roles: { b: 'none' } })
    world.unit('d1', 21)
    world.unit('b1', 50, { links: ['d1', 'c1'] })
    world.unit('a2', 60)
    world.add('c1', 'd1', 'b1')
    world.run()
    expect(world.order).toEqual(['a1', 'c1', 'd1'])
    expect(world.modes).toEqual(['a1 indexer', 'c1 indexer', 'd1 writer'])
    expect(world.lin.isExact).toBe(false)
    expect(world.lin.steers(world.lin.find('b', 1)!)).toBe(true)
    // b1 comes in after all, as somebody's past: exact again
    world.unit('d2', 70, { links: ['b1'] })
    world.add('d2')
    world.run()
    expect(world.verdicts.slice(3)).toEqual(['b1 skip', 'd2 apply'])
    expect(world.lin.isExact).toBe(true)
  })

  it('firstDifference sees that the new unit loses its turn, and that nothing changes', () => {
    const world = founded()
    world.unit('c1', 20, { roles: { b: 'none' } })
    world.unit('d1', 21)
    world.add('c1', 'd1')
    world.run()
    const unit = world.unit('b1', 50, { links: ['c1'] })
    expect(world.lin.firstDifference(unit)).toBe(3)
    world.add('b1')
    expect(world.run()).toBe(3)
    expect(world.order).toEqual(['a1', 'c1', 'd1'])
    expect(world.lin.isExact).toBe(false)
  })

  it('firstDifference sees that a promoted writer has strangers tried', () => {
    const world = founded()
    world.unit('c1', 20, { roles: { d: 'indexer' } })
    world.unit('s1', 11, { optimistic: true })
    world.unit('c2', 30, { links: ['s1'] })
    world.add('c1', 's1', 'c2')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 'c1 apply', 's1 skip', 'c2 apply'])
    const unit = world.unit('d1', 40, { links: ['c2'] })
    expect(world.lin.firstDifference(unit)).toBe(2)
    world.add('d1')
    expect(world.run()).toBe(2)
    expect(world.verdicts.slice(2)).toEqual(['s1 try-', 'c2 apply', 'd1 apply'])
  })

  it('taking back a unit that steered the order changes the order', () => {
    const world = founded()
    world.unit('c1', 20, { roles: { b: 'none' } })
    world.unit('d1', 19)
    world.unit('b1', 50, { links: ['c1'] })
    world.add('c1', 'd1', 'b1')
    world.run()
    expect(world.order).toEqual(['a1', 'c1', 'd1'])
    expect(world.lin.takeBack().map(unit => unit.writer)).toEqual(['b'])
    expect(world.run()).toBe(1)
    expect(world.order).toEqual(['a1', 'd1', 'c1'])
    expect(world.lin.isExact).toBe(true)
  })
})

describe('strangers', () => {
  it('their units wait until somebody refers to them', () => {
    const world = founded()
    world.unit('s1', 11, { optimistic: true, welcome: true })
    world.add('s1')
    world.run()
    expect(world.order).toEqual(['a1'])
  })

  it('an optimistic unit in the past of an indexer is tried: kept when acknowledged, skipped when not', () => {
    const world = founded()
    world.unit('s1', 11, {
      optimistic: true,
      welcome: true,
      roles: { s: 'writer' }
    })
    world.unit('t1', 12, { optimistic: true })
    world.unit('u1', 13)
    world.unit('b1', 20, { links: ['s1', 't1', 'u1'] })
    world.unit('s2', 30)
    world.add('s1', 't1', 'u1', 'b1', 's2')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 's1 try+', 't1 try-', 'u1 skip', 'b1 apply', 's2 apply'])
    expect(world.lin.roleOf('s')).toBe('writer')
    expect(world.lin.everMember('t')).toBe(false)
  })

  it('in the past of an ordinary writer it is skipped for now, and tried once an indexer refers to it', () => {
    const world = founded()
    world.unit('s1', 11, { optimistic: true, welcome: true })
    world.unit('c1', 20, { links: ['s1'] })
    world.add('s1', 'c1')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 's1 skip', 'c1 apply'])
    const ack = world.unit('b1', 30, { links: ['c1'] })
    expect(world.lin.firstDifference(ack)).toBe(1)
    world.add('b1')
    expect(world.run()).toBe(1)
    expect(world.verdicts).toEqual(['a1 apply', 's1 try+', 'c1 apply', 'b1 apply'])
  })
})

describe('tentative units', () => {
  it("a local stranger's optimistic units stand on top, and later units of writers go before them", () => {
    const world = founded({ local: 's' })
    world.unit('s1', 20, { optimistic: true, welcome: true })
    world.add('s1')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 's1 try+'])
    expect(world.modes.at(-1)).toBe('s1 tentative')
    expect(world.lin.isExact).toBe(false)
    world.unit('c1', 30)
    world.add('c1')
    expect(world.run()).toBe(1)
    expect(world.order).toEqual(['a1', 'c1', 's1'])
  })

  it('once an indexer refers to it, it is part of the shared order, with the result that it had', () => {
    const world = founded({ local: 's' })
    world.unit('s1', 20, {
      optimistic: true,
      welcome: true,
      roles: { s: 'writer' }
    })
    world.unit('b1', 30, { links: ['s1'] })
    world.add('s1')
    world.run()
    world.add('b1')
    expect(world.run()).toBe(2)
    expect(world.modes).toEqual(['a1 indexer', 's1 indexer', 'b1 indexer'])
    expect(world.lin.isExact).toBe(true)
  })

  it('an own unit that is not optimistic is skipped when an optimistic one follows it', () => {
    const world = founded({ local: 's' })
    world.unit('s1', 20)
    world.add('s1')
    world.run()
    expect(world.order).toEqual(['a1'])
    world.unit('s2', 21, { optimistic: true })
    world.add('s2')
    world.run()
    expect(world.verdicts).toEqual(['a1 apply', 's1 skip', 's2 try-'])
  })

  it('nobody else shows them', () => {
    const world = founded({ local: 't' })
    world.unit('s1', 20, { optimistic: true, welcome: true })
    world.add('s1')
    world.run()
    expect(world.order).toEqual(['a1'])
  })
})

describe('the interface', () => {
  it('a unit that was refused can be cancelled and taken back', () => {
    const world = founded()
    const unit = world.unit('a2', 20)
    world.add('a2')
    world.lin.settle()
    expect(world.lin.next()!.unit).toBe(unit)
    world.lin.cancel()
    world.lin.remove(unit)
    expect(world.run()).toBe(1)
    expect(world.order).toEqual(['a1'])
    expect(world.lin.knownLength('a')).toBe(1)
  })

  it('removing an emitted unit shortens the order at once, and settle puts back what stays', () => {
    const world = founded()
    world.unit('c1', 20)
    world.unit('a2', 30)
    world.unit('d1', 21)
    world.add('c1', 'a2', 'd1')
    world.run()
    expect(world.order).toEqual(['a1', 'a2', 'c1', 'd1'])
    world.lin.remove(world.lin.find('c', 1)!)
    expect(world.lin.length).toBe(2)
    expect(world.run()).toBe(2)
    expect(world.order).toEqual(['a1', 'a2', 'd1'])
  })

  it('takeBack keeps what a kept unit depends on, and gives the rest back in an order to add it again', () => {
    const world = new World()
    world.unit('a1', 10)
    world.unit('c1', 20)
    world.unit('d1', 21, { links: ['c1'] })
    world.unit('c2', 22, { links: ['d1'] })
    world.unit('e1', 12)
    world.add('a1', 'c1', 'd1', 'c2', 'e1')
    const back = world.lin.takeBack(unit => unit.writer === 'd')
    expect(back.map(unit => unit.writer + unit.length)).toEqual(['a1', 'e1', 'c2'])
    for (const unit of back) world.lin.add(unit)
    expect(world.lin.takeBack()).toHaveLength(5)
    expect(world.lin.knownLength('c')).toBe(0)
  })

  it('rewind forgets results, not units', () => {
    const world = founded()
    world.unit('a2', 20)
    world.add('a2')
    world.run()
    world.lin.rewind(0)
    expect(world.lin.length).toBe(0)
    expect(world.lin.roleOf('b')).toBe('none')
    expect(world.run()).toBe(0)
    expect(world.order).toEqual(['a1', 'a2'])
  })

  it('a unit stamped like a candidate below the base reaches below it: its key decides', () => {
    const lin = new Linearizer<UnitFacts>({ bootstrap: 'b' })
    const facts = { links: [], optimistic: false }
    const run = (changes: RoleChange[] = []) => {
      lin.next()
      lin.done({ applied: true, changes })
    }
    lin.add({ ...facts, writer: 'b', start: 0, length: 1, timestamp: 10 })
    run([{ writer: 'a', role: 'indexer' }])
    lin.add({ ...facts, writer: 'b', start: 1, length: 2, timestamp: 20 })
    run()
    lin.rebase(lin.summary())
    const unit = { ...facts, writer: 'a', start: 0, length: 1, timestamp: 20 }
    expect(lin.reaches({ ...unit, timestamp: 21 })).toBe(false)
    expect(lin.reaches(unit)).toBe(true)
    expect(() => lin.add(unit)).toThrow()
  })

  it('throws when it is used out of turn', () => {
    const world = founded()
    const { lin } = world
    const first = world.unit('b1', 20)
    const second = world.unit('b2', 21)
    const before = world.unit('a2', 15)
    expect(() => lin.add(second)).toThrow()
    expect(() => lin.done({ applied: true, changes: [] })).toThrow()
    expect(() => lin.cancel()).toThrow()
    expect(() => lin.at(1)).toThrow()
    expect(() => lin.remove(first)).toThrow()
    lin.add(first)
    expect(() => lin.add({ ...second, links: [{ writer: 'z', length: 1 }] })).toThrow()
    expect(() => lin.add({ ...second, timestamp: 19 })).toThrow()
    lin.next()
    expect(() => lin.next()).toThrow()
    expect(() => lin.settle()).toThrow()
    expect(() => lin.rewind(0)).toThrow()
    expect(() => lin.done({ applied: false, changes: [{ writer: 'c', role: 'none' }] })).toThrow()
    lin.done({ applied: true, changes: [] })
    lin.add(before)
    expect(() => lin.next()).toThrow()
    expect(lin.settle()).toBe(1)
  })

  it('a chain of 100,000 units in the past of one unit is no deeper than one', () => {
    const lin = new Linearizer<UnitFacts>({ bootstrap: 'a' })
    const count = 100_000
    const facts = { timestamp: 1, links: [], optimistic: false }
    for (let i = 0; i < count; i++) lin.add({ ...facts, writer: 'c', start: i, length: i + 1 })
    lin.add({
      ...facts,
      writer: 'a',
      start: 0,
      length: 1,
      timestamp: 2,
      links: [{ writer: 'c', length: count }]
    })
    expect(lin.settle()).toBe(0)
    for (let placed = lin.next(); placed !== null; placed = lin.next()) {
      lin.done({ applied: placed.verdict === 'apply', changes: [] })
    }
    expect(lin.length).toBe(count + 1)
    expect(lin.heads()).toEqual([lin.at(count).unit])
    lin.rewind(0)
    expect(lin.takeBack()).toHaveLength(count + 1)
  })
})
