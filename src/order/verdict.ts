import type { Mode, Role, UnitFacts, Verdict } from './types.ts'

/** The mode in which a candidate's group is emitted follows from the role of the candidate's writer. */
export const MODES = { indexer: 'indexer', writer: 'writer', none: 'tentative' } as const satisfies Record<
  Role,
  Mode
>

/**
 * What becomes of a unit, given its writer's role where it is emitted. Letting a stranger's unit in is up to indexers, and to
 * the stranger's own peer for itself; in the past of an ordinary writer's unit it is skipped, until an indexer refers to it.
 */
export function verdictFor(unit: UnitFacts, o: { role: Role; mode: Mode }): Verdict {
  if (o.role !== 'none') return 'apply'
  return unit.optimistic && o.mode !== 'writer' ? 'try' : 'skip'
}
