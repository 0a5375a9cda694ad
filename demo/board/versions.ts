import { LIMITS } from './limits.ts'
import type { OtherVersion, Version } from './records.ts'

export interface Edited {
  readonly current: Version
  readonly others: readonly OtherVersion[]
  /** One other version too many: the oldest. It has to be kept elsewhere. */
  readonly overflow: OtherVersion | null
}

export interface Edit {
  readonly field: OtherVersion['field']
  readonly next: Version
  /** What its editor saw. */
  readonly was: unknown
  readonly others: readonly OtherVersion[]
}

/**
 * What somebody wrote becomes current. What he had not seen is kept beside it: nobody's words get lost because two wrote
 * at once. What he had seen goes, also when it is beside it by now: he wrote over it.
 */
export function edited(current: Version | null, { field, next, was, others: before }: Edit): Edited {
  const others = before.filter(
    other => other.field !== field || (other.value !== next.value && other.value !== was)
  )
  if (current && current.value !== '' && current.value !== was && current.value !== next.value)
    others.push({ ...current, field })
  const overflow = others.length > LIMITS.others ? (others.shift() ?? null) : null
  return { current: next, others, overflow }
}
