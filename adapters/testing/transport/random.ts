import { holds, same } from '../assert.ts'
import { Random } from '../random.ts'
import type { End } from './end.ts'
import type { Line, TransportCase, TransportFaults, TransportPair, TransportTrial } from './trial.ts'

const MIB = 1024 * 1024

export interface WalkOptions<P extends TransportPair> {
  readonly steps: number
  readonly faults: TransportFaults<P>
}

export function randomCase<P extends TransportPair>(seed: number, options: WalkOptions<P>): TransportCase<P> {
  return {
    name: `whatever is done in whatever order, both directions carry what was written (seed ${seed})`,
    async run(trial) {
      const random = new Random(seed)
      // the end of a walk is what differs most
      for (let round = 0; round < 4; round++) {
        const walk = new Walk<P>(trial, random, options)
        try {
          await walk.run()
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          throw new Error(`seed ${seed}, round ${round}, after ${walk.trace()}: ${message}`, { cause: error })
        }
      }
    }
  }
}

/** What should be true of one direction: so many bytes were written before its end, and no more came. */
interface Direction {
  readonly from: End
  readonly to: End
  hasEnded: boolean
  /** Drains that the writer had heard when it was told to wait; null when it was not. */
  waiting: number | null
}

/** Takes random steps with a pair, and checks both directions. */
class Walk<P extends TransportPair> {
  readonly #trial: TransportTrial<P>
  readonly #random: Random
  readonly #o: WalkOptions<P>
  readonly #steps: string[] = []
  #line!: Line<P>
  #directions!: readonly [Direction, Direction]

  constructor(trial: TransportTrial<P>, random: Random, options: WalkOptions<P>) {
    this.#trial = trial
    this.#random = random
    this.#o = options
  }

  trace(): string {
    return `${this.#steps.length} steps, the last: ${this.#steps.slice(-8).join(', ')}`
  }

  async run(): Promise<void> {
    this.#line = await this.#trial.line()
    const { a, b } = this.#line
    this.#directions = [direction(a, b), direction(b, a)]
    // now and then both begin before somebody reads
    if (!this.#random.oneIn(4)) for (const end of [a, b]) end.read()
    for (let i = 0; i < this.#o.steps; i++) await this.#step()
    await this.#finish()
  }

  async #step(): Promise<void> {
    const one = this.#random.of(this.#directions)
    const [name, work] = this.#random.of([
      ['write', () => this.#write(one, this.#size())],
      ['write', () => this.#write(one, this.#size())],
      ['write', () => this.#write(one, this.#size())],
      ['writes', () => this.#burst(one)],
      ['pause', () => this.#pause(one.to)],
      ['read', () => one.to.read()],
      ['read', () => one.to.read()],
      ['wait', () => this.#caughtUp()],
      ['end', () => this.#end(one)],
      ['turn', () => new Promise<void>(resolve => setTimeout(resolve))]
    ] as const)
    this.#steps.push(name)
    await work()
    this.#check()
  }

  /** Waits as it is told; so it writes nothing while there is no room. */
  #write(one: Direction, size: number): void {
    if (one.hasEnded) return
    if (one.waiting !== null && one.from.drains === one.waiting) return
    const { drains } = one.from
    one.waiting = one.from.write(size) ? null : drains
    const { bound } = this.#trial.nature
    if (bound !== null && size <= 65_536)
      holds(one.from.written - one.to.received <= bound + MIB, `at most ${bound} bytes on their way`)
  }

  #burst(one: Direction): void {
    for (let i = this.#random.below(40); i >= 0; i--) this.#write(one, this.#random.below(3000))
  }

  /** Everything that was written has come, when everybody reads. */
  async #caughtUp(): Promise<void> {
    for (const { from, to } of this.#directions) {
      to.read()
      await this.#trial.arrived(from, to)
    }
  }

  #pause(end: End): void {
    if (end.isFlowing) end.pause()
  }

  /** One direction is done long before the other, where that can be. */
  #end(one: Direction): void {
    if (!this.#trial.nature.halfOpen || one.hasEnded || !this.#random.oneIn(8)) return
    one.hasEnded = true
    one.from.end()
  }

  #check(): void {
    this.#trial.check()
    for (const { from, to, hasEnded } of this.#directions) {
      holds(to.received <= from.written, 'no more than was written')
      holds(
        !to.hasEnd || (hasEnded && to.received === from.written),
        'an end where it was and after all bytes'
      )
      same(from.errors.map(String), [], 'errors')
    }
  }

  async #finish(): Promise<void> {
    const { pair, a, b } = this.#line
    const [first, second] = this.#random.oneIn(2) ? [a, b] : [b, a]
    const { cut } = this.#o.faults
    const way = this.#random.below(cut ? 4 : 3)
    this.#steps.push(`finish ${way}`)
    for (const end of [a, b]) end.read()
    if (way === 3) await cut?.call(this.#o.faults, pair)
    if (way === 2) first.destroy()
    if (way < 2) {
      // else the first end takes with it what the second has on its way
      if (!this.#trial.nature.halfOpen) await this.#caughtUp()
      first.end()
      await this.#trial.until(() => second.hasEnd, "'end'")
      second.end()
    }
    await this.#trial.closed(a, b)
    if (way >= 2) return
    for (const { from, to } of this.#directions)
      same([to.received, to.hasEnd], [from.written, true], 'bytes, and the end after them')
    same([...a.errors, ...b.errors].map(String), [], 'errors')
  }

  #size(): number {
    const random = this.#random
    const kind = random.below(12)
    if (kind === 0) return 0
    if (kind === 1) return MIB + random.below(1000)
    if (kind < 6) return 1 + random.below(20)
    if (kind < 9) return 16_000 + random.below(1000)
    return random.below(65_537)
  }
}

function direction(from: End, to: End): Direction {
  return { from, to, hasEnded: false, waiting: null }
}
