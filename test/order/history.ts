import fc from 'fast-check'
import {
  compareUnits,
  type Link,
  nextTimestamp,
  type Outcome,
  type Placement,
  type Role,
  type RoleChange,
  type UnitFacts
} from '../../src/order/index.ts'
import { headsOf, orderOf, type Rule, rolesAfter } from './oracle.ts'

/** `npm test` does a few seconds of these; ORDER_RUNS multiplies them. */
const factor = Number(globalThis.process?.env?.ORDER_RUNS ?? 1) || 1
export const runs = (count: number): number => Math.ceil(count * factor)

export type Condition = 'always' | 'author is indexer' | 'target has no role' | 'even number of members'

export interface Operation extends RoleChange {
  readonly when: Condition
}

export interface TestUnit extends UnitFacts {
  readonly salt: number
  readonly operations: readonly Operation[]
}

export interface History {
  readonly bootstrap: string
  readonly peers: readonly string[]
  /** Everything that anybody wrote. */
  readonly units: readonly TestUnit[]
}

/** A deterministic stand-in for a user's apply: what a unit does depends on the unit and on what came before it. */
export function applyFor(bootstrap: string) {
  return (unit: TestUnit, before: readonly Placement<TestUnit>[]): Outcome => {
    const roles = rolesAfter(before, bootstrap)
    const author = roles.get(unit.writer) ?? 'none'
    const members = [...roles.values()].filter(role => role !== 'none').length
    // like a view: every applied unit leaves its mark on it
    const view = before.reduce(
      (hash, { unit, applied }) => (applied ? (hash * 31 + unit.salt) % 1009 : hash),
      7
    )
    if (author === 'none' && (view + unit.salt) % 3 === 0) return { applied: false, changes: [] }
    const changes: RoleChange[] = []
    if (author === 'none')
      changes.push({
        writer: unit.writer,
        role: unit.salt % 4 === 0 ? 'indexer' : 'writer'
      })
    for (const { writer, role, when } of unit.operations) {
      if (when === 'author is indexer' && author !== 'indexer') continue
      if (when === 'target has no role' && (roles.get(writer) ?? 'none') !== 'none') continue
      if (when === 'even number of members' && members % 2 !== 0) continue
      changes.push({ writer, role })
    }
    return { applied: true, changes }
  }
}

const PEERS = ['a', 'b', 'c', 'd', 'e']
const peer = fc.nat(PEERS.length - 1)

const operation = fc.record({
  writer: fc.constantFrom(...PEERS),
  role: fc.constantFrom<Role>('none', 'writer', 'writer', 'indexer'),
  when: fc.constantFrom<Condition>(
    'always',
    'always',
    'author is indexer',
    'target has no role',
    'even number of members'
  )
})

type Linking = 'honest' | 'vouching' | 'hostile'

const appendBy = (linking: Linking) =>
  fc.record({
    kind: fc.constant('append' as const),
    peer,
    values: fc.integer({ min: 1, max: 3 }),
    salt: fc.nat(1000),
    linking: fc.constant(linking),
    operations: fc.oneof(fc.constant([]), fc.array(operation, { maxLength: 3 }))
  })
const sync = fc.record({
  kind: fc.constant('sync' as const),
  peer,
  from: peer,
  share: fc.constantFrom(1, 1, 0.5, 0.2)
})
const skew = fc.record({
  kind: fc.constant('skew' as const),
  peer,
  by: fc.integer({ min: -8, max: 12 })
})

const action = fc.oneof(
  { weight: 6, arbitrary: appendBy('honest') },
  { weight: 2, arbitrary: appendBy('vouching') },
  { weight: 2, arbitrary: appendBy('hostile') },
  { weight: 8, arbitrary: sync },
  { weight: 1, arbitrary: skew }
)

/** Several peers with clocks of their own that write, and meet now and then. What is missing in between is a partition. */
export const histories = (o: { maxActions: number }): fc.Arbitrary<History> =>
  fc
    .record({
      bootstrap: fc.constantFrom('a', 'c', 'e'),
      founders: fc.array(operation, { maxLength: 6 }),
      actions: fc.array(action, {
        minLength: o.maxActions / 4,
        maxLength: o.maxActions,
        size: 'max'
      })
    })
    .map(({ bootstrap, founders, actions }) => {
      const founding = PEERS.flatMap((_, peer): Action[] => {
        if (PEERS[peer] !== bootstrap)
          return [{ kind: 'sync', peer, from: PEERS.indexOf(bootstrap), share: 1 }]
        return []
      })
      const first: Action = {
        kind: 'append',
        peer: PEERS.indexOf(bootstrap),
        values: 1,
        salt: 0,
        linking: 'honest',
        operations: founders
      }
      return {
        bootstrap,
        peers: PEERS,
        units: play(bootstrap, [first, ...founding, ...actions])
      }
    })

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

function play(bootstrap: string, actions: readonly Action[]): TestUnit[] {
  const all: TestUnit[] = []
  const known = PEERS.map((): TestUnit[] => [])
  const clocks = PEERS.map(() => 0)
  let now = 100
  for (const act of actions) {
    now++
    const mine = known[act.peer]!
    if (act.kind === 'skew') clocks[act.peer]! += act.by
    if (act.kind === 'sync') {
      const news = known[act.from]!.filter(unit => !mine.includes(unit)).sort(compareUnits)
      // the first ones in order: whatever they depend on comes with them
      mine.push(...news.slice(0, Math.ceil(news.length * act.share)))
    }
    if (act.kind === 'append') {
      const writer = PEERS[act.peer]!
      const rule: Rule<TestUnit> = {
        bootstrap,
        local: writer,
        apply: applyFor(bootstrap)
      }
      const ordered = orderOf(mine, rule)
      const own = mine.filter(unit => unit.writer === writer).sort(compareUnits)
      const others = mine.filter(unit => unit.writer !== writer)
      const heads = headsOf(ordered.map(placed => placed.unit)).filter(unit => unit.writer !== writer)
      const strangers = headsOf(mine).filter(
        unit => unit.optimistic && others.includes(unit) && !heads.includes(unit)
      )
      const targets = {
        honest: heads,
        vouching: [...heads, ...strangers],
        hostile: others.filter(unit => (unit.salt + act.salt) % 3 === 0)
      }[act.linking]
      const start = own.at(-1)?.length ?? 0
      const role = rolesAfter(ordered, bootstrap).get(writer) ?? 'none'
      const unit: TestUnit = {
        writer,
        start,
        length: start + act.values,
        timestamp: nextTimestamp({
          now: now + clocks[act.peer]!,
          previous: own.at(-1)?.timestamp ?? 0,
          linked: Math.max(0, ...targets.map(target => target.timestamp))
        }),
        links: targets.map(target => linkInto(target, act.salt)),
        // a removed writer goes on appending now and then as if nothing had happened
        optimistic: role === 'none' ? act.salt % 4 !== 1 : act.salt % 8 === 0,
        salt: act.salt,
        operations: act.operations
      }
      mine.push(unit)
      all.push(unit)
    }
  }
  return all
}

/** Mostly to the unit's end, now and then into the middle of it. */
function linkInto(target: UnitFacts, salt: number): Link {
  const size = target.length - target.start
  return {
    writer: target.writer,
    length: salt % 5 === 0 ? target.start + 1 + (salt % size) : target.length
  }
}
