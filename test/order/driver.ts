import { expect } from 'vitest'
import { compareUnits, Linearizer, type Placement } from '../../src/order/index.ts'
import { applyFor, type History, type TestUnit } from './history.ts'
import { dependencies, headsOf, type OraclePlacement, orderOf, type Rule, rolesAfter } from './oracle.ts'

/**
 * A caller of the linearizer that does everything that the interface allows, as a list of numbers tells it, and compares
 * what it sees with the oracle.
 */
export class Driver {
  readonly lin: Linearizer<TestUnit>
  readonly #history: History
  readonly #rule: Rule<TestUnit>
  #known: TestUnit[] = []
  #missing: TestUnit[]
  /** What a real caller would have applied: moved back only as far as the linearizer says. */
  #log: Placement<TestUnit>[] = []
  /** Since the last settle(): the lowest answer of firstDifference(), and how many units came (or went: infinity). */
  #lowest = Number.POSITIVE_INFINITY
  #touched = 0
  /** Whether nothing was taken away that the emitted order came from. */
  #clean = true

  constructor(history: History, local?: string) {
    this.#history = history
    this.#rule = {
      bootstrap: history.bootstrap,
      local,
      apply: applyFor(history.bootstrap)
    }
    this.#missing = [...history.units]
    this.lin = new Linearizer({ bootstrap: history.bootstrap, local })
  }

  step(choice: number): void {
    const pick = Math.floor(choice / 16)
    const kind = choice % 16
    if (kind < 6) this.#add(pick)
    else if (kind < 8) this.#settle()
    else if (kind < 12) this.#drain(1 + (pick % 6), pick)
    else if (kind === 12) this.#rewind(pick)
    else if (kind === 13) this.#takeBack(pick)
    else if (kind === 14) this.#remove(pick)
    else for (let i = 0; i < 5; i++) this.#add(pick + i)
  }

  /** Everything arrives, everything is ordered. */
  finish(): void {
    while (this.#missing.length > 0) this.#add(0)
    this.#drain(Number.POSITIVE_INFINITY, 1)
    expect(this.lin.next()).toBe(null)
    expect(this.#emitted()).toEqual(this.#oracle().map(plain))
  }

  #oracle(units = this.#known, rule = this.#rule): OraclePlacement<TestUnit>[] {
    return orderOf(units, rule)
  }

  #emitted(): Placement<TestUnit>[] {
    return Array.from({ length: this.lin.length }, (_, position) => this.lin.at(position))
  }

  #add(pick: number): void {
    const ready = this.#missing.filter(unit =>
      dependencies(unit, this.#history.units).every(other => this.#known.includes(other))
    )
    const unit = ready[pick % ready.length]
    if (unit === undefined) return
    this.#lowest = Math.min(this.#lowest, this.lin.firstDifference(unit))
    this.#touched++
    this.lin.add(unit)
    this.#known.push(unit)
    this.#missing = this.#missing.filter(other => other !== unit)
  }

  #settle(): void {
    const before = this.#log.length
    const position = this.lin.settle()
    expect(position).toBe(this.lin.length)
    expect(position).toBeLessThanOrEqual(before)
    if (this.#clean) expect(position).toBeGreaterThanOrEqual(Math.min(this.#lowest, before))
    if (this.#clean && this.#touched === 1) expect(position).toBe(Math.min(this.#lowest, before))
    this.#log.length = position
    const emitted = this.#emitted()
    expect(emitted.map(withoutMode)).toEqual(this.#log.map(withoutMode))
    this.#lowest = Number.POSITIVE_INFINITY
    this.#touched = 0
    this.#clean = true
    this.#check()
  }

  #drain(count: number, pick: number): void {
    this.#settle()
    for (let i = 0; i < count; i++) {
      const placed = this.lin.next()
      if (placed === null) break
      if ((pick + i) % 7 === 0) {
        this.lin.cancel()
        expect(this.lin.next()).toEqual(placed)
      }
      const { unit, verdict } = placed
      const outcome = verdict === 'skip' ? { applied: false, changes: [] } : this.#rule.apply(unit, this.#log)
      this.lin.done(outcome)
      this.#log.push(this.lin.at(placed.position))
      expect(this.#log.at(-1)).toEqual({ ...placed, ...outcome })
    }
    this.#check()
  }

  #rewind(pick: number): void {
    const position = pick % (this.lin.length + 1)
    this.lin.rewind(position)
    expect(this.lin.length).toBe(position)
    this.#log.length = position
  }

  #takeBack(pick: number): void {
    const emitted = new Set(this.#emitted().map(placed => placed.unit))
    // those that steer the order stay: then nothing that is emitted may change
    const gently = pick % 4 === 1
    const keep = (unit: TestUnit) => (gently ? this.lin.steers(unit) : (unit.salt + pick) % 3 === 0)
    const steering = this.#known.some(unit => this.lin.steers(unit))
    const waiting = this.#known.filter(unit => !emitted.has(unit))
    const gone = pick % 4 === 0 ? this.lin.takeBack() : this.lin.takeBack(keep)
    this.#known = this.#known.filter(unit => !gone.includes(unit))
    for (const unit of gone) expect(emitted.has(unit)).toBe(false)
    const needed = (unit: TestUnit) =>
      this.#known.some(other => dependencies(other, this.#known).includes(unit))
    for (const unit of waiting) {
      if (gone.includes(unit)) expect(keep(unit) && pick % 4 !== 0).toBe(false)
      else expect((keep(unit) && pick % 4 !== 0) || needed(unit)).toBe(true)
    }
    if (steering && !gently) this.#clean = false
    if (gone.length > 0) this.#touched = Number.POSITIVE_INFINITY
    if (pick % 2 === 0) {
      this.#missing.push(...gone)
      return
    }
    for (const unit of gone) this.lin.add(unit)
    this.#known.push(...gone)
    if (gone.length > 0 && !gently) this.#clean = false
  }

  #remove(pick: number): void {
    const units = this.#known.filter(
      unit => !this.#known.some(other => dependencies(other, this.#known).includes(unit))
    )
    const unit = units[pick % units.length]
    if (unit === undefined) return
    this.lin.remove(unit)
    this.#known = this.#known.filter(other => other !== unit)
    this.#missing.push(unit)
    this.#clean = false
  }

  /** Settled: everything that the linearizer tells is what the oracle says about the emitted prefix. */
  #check(): void {
    const { lin } = this
    const emitted = this.#emitted()
    const units = emitted.map(placed => placed.unit)
    const oracle = this.#oracle().slice(0, lin.length)
    expect(emitted).toEqual(oracle.map(plain))
    for (const [position, unit] of units.entries()) {
      const earlier = units.slice(0, position)
      for (const other of dependencies(unit, this.#known)) expect(earlier).toContain(other)
    }
    expect(lin.heads()).toEqual(headsOf(units))
    const backbone = emitted.findLastIndex(placed => placed.mode === 'indexer')
    expect(lin.tailStart).toBe(backbone + 1)
    const exact = oracle.every(({ candidate, mode }) => mode !== 'tentative' && units.includes(candidate))
    expect(lin.isExact).toBe(exact)
    if (exact) {
      const scratch = this.#oracle([...units].sort(compareUnits), {
        ...this.#rule,
        local: undefined
      })
      expect(emitted).toEqual(scratch.map(plain))
    }
    const roles = rolesAfter(emitted, this.#history.bootstrap)
    expect([...lin.members()]).toEqual([...roles].map(([writer, role]) => ({ writer, role })))
    for (const writer of this.#history.peers) {
      const own = this.#known.filter(unit => unit.writer === writer)
      expect(lin.roleOf(writer)).toBe(roles.get(writer) ?? 'none')
      expect(lin.everMember(writer)).toBe(roles.has(writer))
      expect(lin.knownLength(writer)).toBe(Math.max(0, ...own.map(unit => unit.length)))
      const ordered = own.filter(unit => units.includes(unit))
      expect(lin.orderedLength(writer)).toBe(Math.max(0, ...ordered.map(unit => unit.length)))
      for (const unit of own) {
        for (let length = unit.start + 1; length <= unit.length; length++)
          expect(lin.find(writer, length)).toBe(unit)
        const steers = !units.includes(unit) && oracle.some(({ candidate }) => candidate === unit)
        expect(lin.steers(unit)).toBe(steers)
      }
      expect(lin.find(writer, lin.knownLength(writer) + 1)).toBe(null)
    }
  }
}

function plain({ candidate: _, ...placed }: OraclePlacement<TestUnit>): Placement<TestUnit> {
  return placed
}

function withoutMode({ mode: _, ...placed }: Placement<TestUnit>) {
  return placed
}
