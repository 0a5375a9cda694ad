import {
  compareUnits,
  type Mode,
  type Outcome,
  type Placement,
  type Role,
  type UnitFacts
} from '../../src/order/index.ts'

/** What a caller's `apply` makes of a unit: a pure function of the unit and of what was emitted before it. */
export type Apply<U extends UnitFacts> = (unit: U, before: readonly Placement<U>[]) => Outcome

export interface Rule<U extends UnitFacts> {
  readonly bootstrap: string
  readonly local?: string | undefined
  readonly apply: Apply<U>
}

export interface OraclePlacement<U> extends Placement<U> {
  /** K or X: on whose behalf the position was filled. */
  readonly candidate: U
}

/** The rule, word for word, everything worked out anew at every step. */
export function orderOf<U extends UnitFacts>(units: readonly U[], rule: Rule<U>): OraclePlacement<U>[] {
  const order: OraclePlacement<U>[] = []
  for (;;) {
    const roles = rolesAfter(order, rule.bootstrap)
    const roleOf = (unit: U): Role => roles.get(unit.writer) ?? 'none'
    const waiting = units.filter(unit => !order.some(placed => placed.unit === unit)).sort(compareUnits)
    const k = waiting.find(unit => roleOf(unit) === 'indexer')
    const x = waiting.find(unit => roleOf(unit) === 'writer')
    const own = waiting.find(unit => unit.writer === rule.local && unit.optimistic && roleOf(unit) === 'none')
    const candidate = k ?? x ?? own
    if (candidate === undefined) return order
    const mode: Mode = k !== undefined ? 'indexer' : x !== undefined ? 'writer' : 'tentative'
    const past = causalPast(candidate, units)
    const unit = waiting.find(other => past.has(other)) ?? candidate
    const verdict = roleOf(unit) !== 'none' ? 'apply' : unit.optimistic && mode !== 'writer' ? 'try' : 'skip'
    const outcome = verdict === 'skip' ? { applied: false, changes: [] } : rule.apply(unit, order)
    order.push({
      unit,
      position: order.length,
      mode,
      verdict,
      candidate,
      ...outcome
    })
  }
}

/** Every writer that ever had a role, with its present one, in the order of the first one. */
export function rolesAfter<U extends UnitFacts>(
  order: readonly Placement<U>[],
  bootstrap: string
): Map<string, Role> {
  const roles = new Map<string, Role>([[bootstrap, 'indexer']])
  for (const { changes } of order) {
    for (const { writer, role } of changes) if (roles.has(writer) || role !== 'none') roles.set(writer, role)
  }
  return roles
}

export function dependencies<U extends UnitFacts>(unit: U, units: readonly U[]): U[] {
  return units.filter(
    other =>
      (other.writer === unit.writer && other.length === unit.start) ||
      unit.links.some(link => isIn(other, link.writer, link.length))
  )
}

export function causalPast<U extends UnitFacts>(unit: U, units: readonly U[]): Set<U> {
  const past = new Set<U>()
  let edge = [unit]
  while (edge.length > 0) {
    edge = edge.flatMap(other => dependencies(other, units)).filter(other => !past.has(other))
    for (const other of edge) past.add(other)
  }
  return past
}

/** Units that no other unit depends on. */
export function headsOf<U extends UnitFacts>(units: readonly U[]): U[] {
  const covered = new Set(units.flatMap(unit => dependencies(unit, units)))
  return units.filter(unit => !covered.has(unit)).sort(compareUnits)
}

export function isIn(unit: UnitFacts, writer: string, length: number): boolean {
  return unit.writer === writer && unit.start < length && length <= unit.length
}
