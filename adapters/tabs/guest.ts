import type { Line } from './line.ts'
import type { Answer, Told } from './messages.ts'
import { type Reading, Teller } from './state.ts'

/** Messages that a tab may leave unheard before nothing more is posted to it: it sleeps, or is gone. */
const MOST_UNHEARD = 512

/** One tab as its owner knows it. */
export class Guest {
  readonly client: string
  readonly #line: Line<Answer>
  readonly #teller = new Teller()
  readonly #onclose: () => void
  /** Told since it was last heard of. */
  #unheard = 0
  #isAsleep = false

  constructor(client: string, { line, onclose = () => {} }: { line: Line<Answer>; onclose?: () => void }) {
    this.client = client
    this.#line = line
    this.#onclose = onclose
  }

  get isAsleep(): boolean {
    return this.#isAsleep
  }

  /** All that it has to know: at its coming, and when it was asleep. */
  welcome(reading: Reading, told: Told | null): void {
    this.#isAsleep = false
    this.#unheard = 0
    this.#line.send({ type: 'welcome', told, ...this.#teller.whole(reading) })
  }

  event(name: string, { args, reading }: { args: readonly unknown[]; reading: Reading }): void {
    if (this.#mayTell()) this.#line.send({ type: 'event', name, args, ...this.#teller.next(reading) })
  }

  /** What is no answer. */
  tell(message: Answer): void {
    if (this.#mayTell()) this.#line.send(message)
  }

  answer(message: Answer): void {
    this.#line.send(message)
  }

  heard(count: number): void {
    this.#unheard = Math.max(0, this.#unheard - count)
  }

  sleep(): void {
    this.#isAsleep = true
  }

  close(): void {
    this.#line.close()
    this.#onclose()
  }

  #mayTell(): boolean {
    if (this.#isAsleep) return false
    if (++this.#unheard > MOST_UNHEARD) this.#isAsleep = true
    return !this.#isAsleep
  }
}
