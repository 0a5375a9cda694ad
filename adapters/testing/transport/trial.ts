import type { ByteStream, TransportNature } from '../../transport/contract.ts'
import { holds } from '../assert.ts'
import { CHUNK, End } from './end.ts'
import { Pattern } from './pattern.ts'

/** What can be counted of a transport: sockets, channels, timers, whatever it holds for the ends. */
export interface Counted {
  /** How many are held; none once the ends are closed. */
  held?(): number | Promise<number>
  /** Called when the case is over. Lets go of servers and the like. */
  destroy(): unknown
}

/** Two ends that are connected, or just being connected. */
export interface TransportPair extends Counted {
  readonly ends: readonly [ByteStream, ByteStream]
}

/** One end without another. */
export interface LoneEnd extends Counted {
  readonly end: ByteStream
}

/** Accidents that a test can cause; those that are given have cases. */
export interface TransportFaults<P extends TransportPair = TransportPair> {
  /** Tears the network off, in such a way that both ends can notice. */
  cut?(pair: P): unknown
  /** An end that opens and will not be open. */
  opening?(): LoneEnd | Promise<LoneEnd>
  /** An end on its way to somebody who is not there. */
  unreachable?(): LoneEnd | Promise<LoneEnd>
}

export interface TrialOptions<P extends TransportPair> extends Required<TransportNature> {
  create(): P | Promise<P>
  errorOf(error: Error): unknown
  /** ms. */
  readonly patience: number
}

/** Two ends at work. */
export interface Line<P extends TransportPair = TransportPair> {
  readonly pair: P
  readonly a: End
  readonly b: End
}

export interface TransportCase<P extends TransportPair = TransportPair> {
  readonly name: string
  run(trial: TransportTrial<P>): Promise<void>
}

/** ms between two looks at what tells nothing. */
const LOOK = 5
/** Trips of a byte the other way in which nothing more happens, until it is taken to have stopped. */
const QUIET = 100

const there = new Pattern(1)
const back = new Pattern(2)

/** One case at work: its pairs, which are destroyed at the end, whatever happens. */
export class TransportTrial<P extends TransportPair = TransportPair> {
  readonly nature: Required<TransportNature>
  readonly #o: TrialOptions<P>
  readonly #made: Counted[] = []
  readonly #ends: End[] = []
  readonly #waking = new Set<() => void>()
  #changes = 0

  constructor(options: TrialOptions<P>) {
    this.nature = options
    this.#o = options
  }

  /** Both ends as they come: nobody reads. */
  async line(): Promise<Line<P>> {
    const pair = await this.#o.create()
    this.#made.push(pair)
    const [a, b] = pair.ends
    return { pair, a: this.#end(a, 'the first end'), b: this.#end(b, 'the second end') }
  }

  /** Both read. */
  async readLine(): Promise<Line<P>> {
    const line = await this.line()
    line.a.read()
    line.b.read()
    return line
  }

  lone(lone: LoneEnd): End {
    this.#made.push(lone)
    return this.#end(lone.end, 'the end')
  }

  /**
   * Resolves when the condition holds, which is looked at whenever something happens.
   * @throws when a promise is broken, or nothing at all has happened for as long as the suite is patient
   */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    let [seen, since] = [this.#changes, performance.now()]
    for (;;) {
      this.check()
      if (await condition()) return
      if (seen !== this.#changes) [seen, since] = [this.#changes, performance.now()]
      const waited = performance.now() - since
      if (waited > this.#o.patience)
        throw new Error(`expected: ${what}; nothing happened for ${Math.round(waited)} ms`)
      await this.#change()
    }
  }

  closed(...ends: readonly End[]): Promise<void> {
    return this.until(() => ends.every(end => end.isClosed), "'close'")
  }

  /** Everything that the one has written has come to the other. */
  arrived(from: End, to: End): Promise<void> {
    return this.until(() => to.received === from.written, `all ${from.written} bytes arrive`)
  }

  /**
   * Writes so many bytes and waits as it is told, until the end is closed.
   * @param to if it is given, the bytes on their way are held against the bound
   */
  async send(from: End, total: number, { by = CHUNK, to }: { by?: number; to?: End } = {}): Promise<void> {
    const { bound } = this.nature
    for (let left = total; left > 0 && !from.isClosed; ) {
      const [size, drains] = [Math.min(by, left), from.drains]
      left -= size
      const isFree = from.write(size)
      if (to && bound !== null)
        holds(from.written - to.received <= bound, `at most ${bound} bytes on their way`)
      if (!isFree) await this.until(() => from.drains > drains || from.isClosed, "'drain'")
    }
  }

  /** One byte arrives, while whatever else goes on: a clock that runs as fast as the transport. */
  async trip(from: End, to: End): Promise<void> {
    from.write(1)
    await this.arrived(from, to)
  }

  /** Resolves when the value has stayed the same for many trips. */
  async settled(value: () => number, { from, to }: { from: End; to: End }): Promise<void> {
    let last = value()
    for (let quiet = 0; quiet < QUIET; quiet++) {
      await this.trip(from, to)
      if (value() === last) continue
      last = value()
      quiet = 0
    }
  }

  /** @throws when an end has broken a promise */
  check(): void {
    for (const { wrong } of this.#ends) if (wrong) throw new Error(wrong)
  }

  /** Destroys everything; when the case went well, looks whether the ends close, once, and nothing is left. */
  async end({ wasGood }: { wasGood: boolean }): Promise<void> {
    try {
      for (const end of this.#ends) end.destroy()
      if (!wasGood) return
      await this.closed(...this.#ends)
      for (const made of this.#made)
        await this.until(async () => ((await made.held?.()) ?? 0) === 0, 'nothing is held any more')
      // what comes too often comes later
      for (let i = 0; i < 3; i++) await this.#change()
      this.check()
    } finally {
      for (const made of this.#made) await made.destroy()
    }
  }

  #end(stream: ByteStream, name: string): End {
    const isFirst = name === 'the first end'
    const end = new End(stream, {
      name,
      writes: isFirst ? there : back,
      reads: isFirst ? back : there,
      errorOf: error => this.#o.errorOf(error),
      onchange: () => {
        this.#changes++
        for (const wake of this.#waking) wake()
      }
    })
    this.#ends.push(end)
    return end
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#waking.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, LOOK)
      this.#waking.add(wake)
    })
  }
}
