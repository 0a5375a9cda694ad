import { fromHex } from '../keys.ts'
import type { Linearizer, Role, RoleChange, UnitFacts } from '../order/index.ts'
import type { Engine } from './engine.ts'
import type { Emit } from './engine-options.ts'
import type { CycleReport } from './report.ts'

/** Tells the user what cycles did. A merge of several cycles is told when it is whole, each role once. */
export class Notices {
  readonly #emit: Emit
  #role: Role = 'none'
  #isWritable = false
  #roles: RoleNotices | null = null
  /** What cycles did that ended in the middle of a merge. */
  #pending = { isShown: true, rolesMoved: false }

  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** The local writer's role as of the last cycle that is whole and durable. */
  get role(): Role {
    return this.#role
  }

  /** A database was opened, or opened anew: `isBehind` when its user was shown less than it has. */
  begin(engine: Engine, { isBehind }: { isBehind: boolean }): void {
    if (isBehind) this.#pending = { ...this.#pending, isShown: false }
    if (!this.#roles) {
      this.#role = engine.roleOfLocal()
      this.#isWritable = this.#role !== 'none'
    }
    this.#roles = new RoleNotices(engine.linearizer)
  }

  /** Does this report make a state whole that was not shown yet? */
  isShownBy(report: CycleReport): boolean {
    return report.complete && !(this.#pending.isShown && !report.written)
  }

  tell(report: CycleReport, engine: Engine): void {
    const isUpdate = this.isShownBy(report)
    const rolesMoved = this.#pending.rolesMoved || report.changes.length > 0 || report.reorg !== null
    this.#pending = { isShown: this.#pending.isShown && !report.written, rolesMoved }
    if (report.complete) this.#pending = { isShown: true, rolesMoved: false }
    if (report.complete && rolesMoved) this.#tellRoles(engine)
    for (const rejected of report.rejected) this.#emit('rejected', rejected)
    if (report.reorg) this.#emit('reorg', report.reorg)
    if (report.diverged) this.#emit('diverged', report.diverged)
    if (report.complete) this.tellWritable(engine)
    if (isUpdate) this.#emit('update')
  }

  tellWritable(engine: Engine): void {
    const was = this.#isWritable
    this.#role = engine.roleOfLocal()
    this.#isWritable = this.#role !== 'none'
    if (this.#isWritable !== was) this.#emit(this.#isWritable ? 'writable' : 'unwritable')
  }

  #tellRoles(engine: Engine): void {
    for (const { writer, role } of this.#roles?.take(engine.linearizer) ?? []) {
      this.#emit('writer', {
        key: fromHex(writer),
        isIndexer: role === 'indexer',
        isRemoved: role === 'none'
      })
    }
  }
}

/** Knows which roles its user was told of, so that a change that an undo repeats is not told twice. */
class RoleNotices {
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
