export { nextTimestamp } from './clock.ts'
export { compareUnits } from './compare.ts'
export { Linearizer } from './linearizer.ts'
export type {
  Base,
  BaseLane,
  Link,
  Mode,
  Outcome,
  PlacedUnit,
  Placement,
  Role,
  RoleChange,
  UnitFacts,
  Verdict
} from './types.ts'
