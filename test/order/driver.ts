import { expect } from 'vitest'
import { type Base, compareUnits, Linearizer, type Placement } from '../../src/order/index.ts'
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
  /** Bases taken earlier that still hold; null: the beginning. */
  #bases: (Base<TestUnit> | null)[] = [null]
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
    const pick = Math.floor(choice / 20)
    const kind = choice % 20
    if (kind < 6) this.#add(pick)
    else if (kind < 8) this.#settle()
    else if (kind < 12) this.#drain(1 + (pick % 6), pick)
    else if (kind === 12) this.#rewind(pick)
    else if (kind === 13) this.#takeBack(pick)
    else if (kind === 14) this.#remove(pick)
    else if (kind < 17) this.#summarize()
    else if (kind < 19) this.#rebase(pick)
    else for (let i = 0; i < 5; i++) this.#add(pick + i)
  }

  /** Everything arrives, everything is ordered. */
  finish(): void {
    while (this.#missing.length > 0) this.#add(0)
    this.#drain(Number.POSITIVE_INFINITY, 1)
    expect(this.lin.next()).toBe(null)
    expect(this.#emitted()).toEqual(this.#oracle().slice(this.lin.base).map(plain))
  }

  #oracle(units = this.#known, rule = this.#rule): OraclePlacement<TestUnit>[] {
    return orderOf(units, rule)
  }

  /** What is in memory of the order. */
  #emitted(): Placement<TestUnit>[] {
    const { base, length } = this.lin
    return Array.from({ length: length - base }, (_, index) => this.lin.at(base + index))
  }

  #summarize(): void {
    this.#settle()
    if (this.lin.isTentative) return
    const base = this.lin.summary()
    expect(comparable(base)).toEqual(comparable(this.#fromScratch().summary()))
    this.#bases.push(base)
  }

  /** Another one that has all of it in memory. */
  #fromScratch(length = this.#log.length): Linearizer<TestUnit> {
    const whole = new Linearizer<TestUnit>({ bootstrap: this.#history.bootstrap, local: this.#rule.local })
    for (const unit of [...this.#known].sort(compareUnits)) whole.add(unit)
    for (const { applied, changes } of this.#log.slice(0, length)) {
      whole.next()
      whole.done({ applied, changes })
    }
    return whole
  }

  #rebase(pick: number): void {
    this.#settle()
    this.#begin(this.#bases[pick % this.#bases.length]!)
  }

  #begin(base: Base<TestUnit> | null): void {
    const { lin } = this
    const heads = lin.heads()
    const between = this.#log.slice(base?.position ?? 0, lin.base)
    lin.rebase(
      base,
      between.map(({ unit, verdict, applied, changes }) => ({
        unit,
        tried: verdict === 'try',
        applied,
        changes
      }))
    )
    expect(lin.base).toBe(base?.position ?? 0)
    expect(lin.length).toBe(this.#log.length)
    expect(lin.heads()).toEqual(heads)
    this.#check()
  }

  /** Goes back as far as it takes. */
  #reach(isEnough: () => boolean): void {
    if (isEnough()) return
    this.#settle()
    const earlier = this.#bases.filter(base => (base?.position ?? 0) < this.lin.base)
    earlier.sort((a, b) => (b?.position ?? 0) - (a?.position ?? 0))
    for (const base of earlier) {
      this.#begin(base)
      if (isEnough()) return
    }
    throw new Error('Not even the whole order is enough')
  }

  #forgetBases(): void {
    const touched = this.lin.takeTouched()
    this.#bases = this.#bases.filter(base => base === null || base.position <= touched)
  }

  #add(pick: number): void {
    const ready = this.#missing.filter(unit =>
      dependencies(unit, this.#history.units).every(other => this.#known.includes(other))
    )
    const unit = ready[pick % ready.length]
    if (unit === undefined) return
    this.#reach(() => !this.lin.reaches(unit))
    this.#lowest = Math.min(this.#lowest, this.lin.firstDifference(unit))
    this.#touched++
    this.lin.add(unit)
    this.#known.push(unit)
    this.#missing = this.#missing.filter(other => other !== unit)
  }

  #settle(): void {
    const before = this.#log.length
    // those taken on the way take the place of those that no longer hold
    const again: Base<TestUnit>[] = []
    const position = this.lin.settle(() => {
      if (!this.lin.isTentative) again.push(this.lin.summary())
    })
    this.#forgetBases()
    for (const base of again) {
      expect(base.position).toBeLessThanOrEqual(position)
      const whole = this.#fromScratch(base.position)
      expect(comparable(base)).toEqual(comparable(whole.summary()))
    }
    this.#bases.push(...again.slice(-2))
    expect(position).toBe(this.lin.length)
    expect(position).toBeLessThanOrEqual(before)
    if (this.#clean) expect(position).toBeGreaterThanOrEqual(Math.min(this.#lowest, before))
    if (this.#clean && this.#touched === 1) expect(position).toBe(Math.min(this.#lowest, before))
    this.#log.length = position
    const emitted = this.#emitted()
    expect(emitted.map(withoutMode)).toEqual(this.#log.slice(this.lin.base).map(withoutMode))
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
    const { base } = this.lin
    const position = base + (pick % (this.lin.length - base + 1))
    this.lin.rewind(position)
    this.#forgetBases()
    expect(this.lin.length).toBe(position)
    this.#log.length = position
  }

  #takeBack(pick: number): void {
    const { base } = this.lin
    const emitted = new Set([...this.#log.slice(0, base), ...this.#emitted()].map(placed => placed.unit))
    const oracle = this.#oracle()
    // those that steer the order from below the base stay whatever the caller says
    const isFixed = (unit: TestUnit) =>
      oracle.findIndex(({ candidate }) => candidate === unit) in oracle.slice(0, base)
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
      const isKept = isFixed(unit) || (keep(unit) && pick % 4 !== 0)
      if (gone.includes(unit)) expect(isKept).toBe(false)
      else expect(isKept || needed(unit)).toBe(true)
    }
    if (steering && !gently) this.#clean = false
    if (gone.length > 0) this.#touched = Number.POSITIVE_INFINITY
    if (pick % 2 === 0) {
      this.#missing.push(...gone)
      return
    }
    for (const unit of gone) {
      this.#known.push(unit)
      this.#reach(() => !this.lin.reaches(unit))
      this.lin.add(unit)
    }
    if (gone.length > 0 && !gently) this.#clean = false
  }

  #remove(pick: number): void {
    const units = this.#known.filter(
      unit => !this.#known.some(other => dependencies(other, this.#known).includes(unit))
    )
    const unit = units[pick % units.length]
    if (unit === undefined) return
    const oracle = this.#oracle()
    this.#reach(
      () => !oracle.slice(0, this.lin.base).some(placed => placed.unit === unit || placed.candidate === unit)
    )
    this.lin.remove(unit)
    this.#forgetBases()
    this.#known = this.#known.filter(other => other !== unit)
    this.#missing.push(unit)
    this.#clean = false
  }

  /** Settled: everything that the linearizer tells is what the oracle says about the emitted prefix. */
  #check(): void {
    const { lin } = this
    const oracle = this.#oracle().slice(0, lin.length)
    // below the base only what was there says what is there
    const emitted = [...this.#log.slice(0, lin.base), ...this.#emitted()]
    const units = emitted.map(placed => placed.unit)
    expect(this.#emitted()).toEqual(oracle.slice(lin.base).map(plain))
    expect(this.#log.slice(0, lin.base).map(withoutMode)).toEqual(
      oracle.slice(0, lin.base).map(plain).map(withoutMode)
    )
    for (const [position, unit] of units.entries()) {
      const earlier = units.slice(0, position)
      for (const other of dependencies(unit, this.#known)) expect(earlier).toContain(other)
    }
    expect(lin.heads()).toEqual(headsOf(units))
    const backbone = oracle.findLastIndex(placed => placed.mode === 'indexer')
    expect(lin.tailStart).toBe(Math.max(lin.base, backbone + 1))
    const exact = oracle.every(({ candidate, mode }) => mode !== 'tentative' && units.includes(candidate))
    expect(lin.isExact).toBe(exact)
    expect(lin.waiting).toBe(this.#known.filter(unit => !units.includes(unit)).length)
    if (exact) {
      const scratch = this.#oracle([...units].sort(compareUnits), {
        ...this.#rule,
        local: undefined
      })
      expect(emitted.map(withoutMode)).toEqual(scratch.map(plain).map(withoutMode))
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
        const isBelow = units.indexOf(unit) in units.slice(0, lin.base)
        const isLast =
          isBelow &&
          !own.some(other => other.start >= unit.length && units.indexOf(other) in units.slice(0, lin.base))
        for (let length = unit.start + 1; length <= unit.length; length++) {
          expect(lin.find(writer, length)).toBe(isBelow && !isLast ? null : unit)
          expect(lin.knows(writer, length)).toBe(true)
          expect(lin.latestTimeOf(writer, length)).toBeGreaterThanOrEqual(unit.timestamp)
        }
        const steers = !units.includes(unit) && oracle.some(({ candidate }) => candidate === unit)
        expect(lin.steers(unit)).toBe(steers)
      }
      expect(lin.find(writer, lin.knownLength(writer) + 1)).toBe(null)
    }
  }
}

/** Lanes of those who are no members, and what steers, come in any order. */
function comparable({ position, lanes, steering }: Base<TestUnit>) {
  const byWriter = (a: { writer: string }, b: { writer: string }) => (a.writer < b.writer ? -1 : 1)
  return {
    position,
    members: lanes.filter(({ isMember }) => isMember),
    others: lanes.filter(({ isMember }) => !isMember).sort(byWriter),
    steering: [...steering].sort(byWriter)
  }
}

function plain({ candidate: _, ...placed }: OraclePlacement<TestUnit>): Placement<TestUnit> {
  return placed
}

function withoutMode({ mode: _, ...placed }: Placement<TestUnit>) {
  return placed
}
