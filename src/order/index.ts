export { nextTimestamp } from './clock.ts'
export { compareUnits } from './compare.ts'
export { Linearizer } from './linearizer.ts'
export type { Link, Mode, Outcome, Placement, Role, RoleChange, UnitFacts, Verdict } from './types.ts'
