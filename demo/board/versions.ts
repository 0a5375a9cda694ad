import { otherKey } from './keys.ts'
import { LIMITS } from './limits.ts'
import type { OtherVersion, Version } from './records.ts'
import type { Step } from './step.ts'

/** What is kept when somebody writes. */
export interface Edited {
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
  return { others, overflow }
}

/** What is kept beside an item or a list. */
export interface Beside {
  readonly id: string
  /** {@link Version.version} of each. */
  readonly others: readonly string[]
}

export async function readOthers({ id, others }: Beside, { draft }: Step): Promise<OtherVersion[]> {
  const found = await Promise.all(others.map(version => draft.get<OtherVersion>(otherKey(id, version))))
  return found.filter(other => other !== null)
}

/**
 * Writes those that are new, and deletes those that are there no more.
 * @returns the `others` of its record
 */
export function keepOthers(
  { id, others: before }: Beside,
  { after, step: { draft } }: { after: readonly OtherVersion[]; step: Step }
): string[] {
  const kept = after.map(({ version }) => version)
  for (const version of before) if (!kept.includes(version)) draft.put(otherKey(id, version), null)
  for (const other of after)
    if (!before.includes(other.version)) draft.put<OtherVersion>(otherKey(id, other.version), other)
  return kept
}
