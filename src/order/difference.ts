import type { Graph } from './graph.ts'
import { roleAt } from './roles.ts'
import type { Trace } from './trace.ts'
import type { Role, UnitFacts } from './types.ts'
import { MODES, verdictFor } from './verdict.ts'
import type { Lane, Vertex } from './vertex.ts'

/**
 * First position, at or after `from`, whose unit or verdict changes when this unit becomes known; the trace's length when
 * none does. Changes nothing.
 *
 * Where the unit would be considered is not yet where something changes: an indexer's ack of all that trails is considered
 * before all of it, and leaves it as it is. So what would come is compared with what is there.
 */
export function firstDifference<U extends UnitFacts>(
  unit: U,
  o: { graph: Graph<U>; trace: Trace<U>; lane: Lane<U>; from: number }
): number {
  const { graph, trace, lane, from } = o
  let position = trace.considered(unit, { lane, from })
  if (position >= trace.length) return trace.length
  // where it is considered, what is left of its past would be emitted, smallest first, then the unit itself
  const expected = graph.past(graph.resolve(unit), lane.units.at(-1) ?? null, position)
  let index = 0
  while (position < trace.length) {
    while (index < expected.length && isBefore(expected[index]!, position)) index++
    const vertex = trace.at(position)!
    if (expected[index] !== vertex) return position
    const mode = MODES[roleAt(lane.spans, position)]
    const role: Role = vertex.verdict === 'apply' ? 'writer' : 'none'
    if (verdictFor(vertex.unit, { role, mode }) !== vertex.verdict) return position
    position++
    // another candidate may come first now, or the unit's writer may have lost its role
    if (vertex.changes.length > 0) position = trace.considered(unit, { lane, from: position })
  }
  return trace.length
}

function isBefore<U extends UnitFacts>(vertex: Vertex<U>, position: number): boolean {
  return vertex.position >= 0 && vertex.position < position
}
