import b4a from 'b4a'
import type { Unit } from '../../src/oplog/unit.ts'
import type { Outcome, RoleChange } from '../../src/order/index.ts'
import { digest, logKey, type Op, type Value } from './program.ts'

class Refused extends Error {}

/** The program of {@link createApply} on a plain map: no trees, no chunks, no undo. */
export class Model {
  #entries = new Map<string, string>()

  /** The whole view, in the order of its keys. */
  list(): string[] {
    return this.#sorted().map(([key, value]) => `${key}=${value}`)
  }

  /** Applies a unit, or, for a stranger's that nobody lets in, does nothing. */
  apply(unit: Unit, { isStranger }: { isStranger: boolean }): Outcome {
    const before = new Map(this.#entries)
    const changes: RoleChange[] = []
    const acknowledged = new Set<string>()
    try {
      for (const [i, bytes] of (unit.values ?? []).entries()) {
        if (bytes) this.#value(JSON.parse(b4a.toString(bytes)) as Value, { unit, i, changes, acknowledged })
      }
    } catch (error) {
      // what throws on everybody's unit would stop every database: such units must never have been written
      if (!(error instanceof Refused) || !isStranger) throw error
      acknowledged.clear()
    }
    if (!isStranger || acknowledged.has(unit.writer)) return { applied: true, changes }
    this.#entries = before
    return { applied: false, changes: [] }
  }

  #value(value: Value, o: { unit: Unit; i: number; changes: RoleChange[]; acknowledged: Set<string> }): void {
    const { unit, i } = o
    for (const op of value.ops) this.#run(op, { author: unit.writer, ...o })
    const next = Number(this.#entries.get('log') ?? 0)
    this.#entries.set('log', String(next + 1))
    const { timestamp, optimistic } = unit
    const line = `${unit.writer.slice(0, 8)} ${unit.start + i + 1} ${timestamp} ${optimistic}`
    this.#entries.set(logKey(next), line)
  }

  #run(op: Op, o: { author: string; changes: RoleChange[]; acknowledged: Set<string> }): void {
    const view = this.#entries
    const { author, changes } = o
    switch (op[0]) {
      case 'put':
        view.set(op[1], op[2])
        break
      case 'del':
        view.delete(op[1])
        break
      case 'inc':
        view.set(op[1], `${Number.parseInt(view.get(op[1]) ?? '', 10) + 1 || 1}`)
        break
      case 'copy': {
        const value = view.get(op[1])
        if (value === undefined) view.delete(op[2])
        else view.set(op[2], value)
        break
      }
      case 'sum': {
        const { gte, lt, limit, reverse } = op[1]
        const found = this.#sorted().filter(([key]) => key >= gte && key < lt)
        if (reverse) found.reverse()
        view.set(
          op[2],
          digest(found.slice(0, limit === -1 ? undefined : limit).map(([key, value]) => `${key}=${value}`))
        )
        break
      }
      case 'wipe':
        for (const key of [...view.keys()]) if (key >= op[1].gte && key < op[1].lt) view.delete(key)
        break
      case 'peek':
        view.set(
          op[2],
          this.#sorted()
            .filter(([key]) => key < op[1])
            .at(-1)?.[0] ?? 'nothing'
        )
        break
      case 'add':
        changes.push({ writer: op[1], role: op[2] })
        view.set(`m/${op[1]}`, op[2])
        break
      case 'remove': {
        const others = [...view].filter(
          ([key, value]) => key.startsWith('m/') && value === 'indexer' && key !== `m/${op[1]}`
        )
        if (others.length === 0) break
        changes.push({ writer: op[1], role: 'none' })
        view.delete(`m/${op[1]}`)
        break
      }
      case 'invite':
        view.set(`invite/${op[1]}`, String(op[2]))
        break
      case 'claim': {
        const uses = Number(view.get(`invite/${op[1]}`) ?? 0)
        if (uses === 0 && op[2].strict && !view.has(`m/${author}`)) throw new Refused()
        if (uses === 0) break
        o.acknowledged.add(author)
        if (op[2].join) {
          changes.push({ writer: author, role: op[2].join })
          view.set(`m/${author}`, op[2].join)
        }
        if (uses > 1) view.set(`invite/${op[1]}`, String(uses - 1))
        else view.delete(`invite/${op[1]}`)
        break
      }
      case 'fail':
        throw new Refused()
    }
  }

  #sorted(): [string, string][] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}
