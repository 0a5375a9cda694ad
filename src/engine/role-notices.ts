import type { Linearizer, Role, RoleChange, UnitFacts } from '../order/index.ts'

/** Knows which roles its user was told of, so that a change that an undo repeats is not told twice. */
export class RoleNotices {
  #told: Map<string, Role>

  constructor(linearizer: Linearizer<UnitFacts>) {
    this.#told = rolesOf(linearizer)
  }

  /** Roles that differ from what was told last. */
  take(linearizer: Linearizer<UnitFacts>): RoleChange[] {
    const now = rolesOf(linearizer)
    const before = this.#told
    this.#told = now
    const changed: RoleChange[] = []
    for (const [writer, role] of now) if (before.get(writer) !== role) changed.push({ writer, role })
    for (const writer of before.keys()) if (!now.has(writer)) changed.push({ writer, role: 'none' })
    return changed
  }
}

function rolesOf(linearizer: Linearizer<UnitFacts>): Map<string, Role> {
  return new Map([...linearizer.members()].map(({ writer, role }) => [writer, role]))
}
