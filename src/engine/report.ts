import type { Unit } from '../oplog/unit.ts'
import type { Placement, RoleChange } from '../order/index.ts'

export interface Rejected {
  readonly key: Uint8Array
  readonly length: number
  /** `NOT_A_WRITER`, `NOT_ACKNOWLEDGED`, `APPLY_FAILED` (a stranger's unit) or `INVALID_VALUE`. */
  readonly reason: string
}

/** What one cycle did, told when it is durable. */
export interface CycleReport {
  readonly applied: number
  /** Was anything written? */
  readonly written: boolean
  /** First position that moved, and how many units were undone; null when the order only grew. */
  readonly reorg: { readonly position: number; readonly undone: number } | null
  readonly rejected: readonly Rejected[]
  readonly changes: readonly RoleChange[]
  readonly diverged: { readonly key: Uint8Array; readonly length: number; readonly position: number } | null
  /** Own units written. */
  readonly appended: number
  /** Nothing that is here and may be ordered is left. */
  readonly complete: boolean
}

/** Gathers what a cycle does until it is durable. */
export class Report {
  applied = 0
  undone = 0
  position = Number.POSITIVE_INFINITY
  checkpointAt = -1
  diverged: CycleReport['diverged'] = null
  readonly changes: RoleChange[] = []
  readonly #rejected = new Map<number, Rejected>()

  get isEmpty(): boolean {
    return this.applied === 0 && this.undone === 0
  }

  done({ unit, position, changes }: Placement<Unit>, reason: string | null): void {
    this.applied++
    this.changes.push(...changes)
    if (reason) this.#rejected.set(position, { key: unit.key, length: unit.length, reason })
    else this.#rejected.delete(position)
  }

  undo(position: number, undone: number): void {
    this.undone += undone
    this.position = Math.min(this.position, position)
    for (const at of this.#rejected.keys()) if (at >= position) this.#rejected.delete(at)
  }

  end({ complete, appended }: { complete: boolean; appended: number }): CycleReport {
    return {
      applied: this.applied,
      written: !this.isEmpty,
      reorg: this.undone > 0 ? { position: this.position, undone: this.undone } : null,
      rejected: [...this.#rejected.values()],
      changes: this.changes,
      diverged: this.diverged,
      appended,
      complete
    }
  }
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}
