import type { Role, RoleChange, UnitFacts } from './types.ts'
import type { Lane, RoleSpan } from './vertex.ts'

/** Membership as the emitted prefix has produced it, with its history, so that it can be moved back. */
export class Roles<U extends UnitFacts> {
  // insertion order is the order of the first role: lanes that lose their whole history leave, and come back behind
  readonly #members = new Set<Lane<U>>()

  /** From position `from` on, the lane has this role. Returns whether that alters anything. */
  set(lane: Lane<U>, role: Role, from: number): boolean {
    if (lane.role === role) return false
    lane.role = role
    lane.spans.push({ from, role })
    this.#members.add(lane)
    return true
  }

  /** What the base says: the lane is a member, with this role from there on. Its past below the base cannot be undone. */
  begin(lane: Lane<U>, role: Role, from: number): void {
    lane.role = role
    lane.spans.push({ from, role })
    this.#members.add(lane)
  }

  /** Forgets what positions from `length` on have changed for this lane. A change made at position p holds from p + 1 on. */
  cut(lane: Lane<U>, length: number): void {
    const { spans } = lane
    while (spans.length > 0 && spans[spans.length - 1]!.from > length) spans.pop()
    lane.role = spans.length > 0 ? spans[spans.length - 1]!.role : 'none'
    if (spans.length === 0) this.#members.delete(lane)
  }

  has(lane: Lane<U>): boolean {
    return this.#members.has(lane)
  }

  *list(): Iterable<RoleChange> {
    for (const lane of this.#members) yield { writer: lane.key, role: lane.role }
  }
}

/** Index of the span that holds at this position; -1 when the role is still 'none' there. */
export function spanAt(spans: readonly RoleSpan[], position: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.from > position) high = middle
    else low = middle + 1
  }
  return low - 1
}

/** The role that holds at a position. */
export function roleAt(spans: readonly RoleSpan[], position: number): Role {
  return spans[spanAt(spans, position)]?.role ?? 'none'
}
