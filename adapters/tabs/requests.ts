import type { AutobeeError } from '../../src/index.ts'
import type { Head } from '../../src/keys.ts'
import { fromWire, ownerChanged } from './errors.ts'
import type { Answer, Method, Question } from './messages.ts'

/** Appends that the owner has and that are not answered: each takes some bytes of a record that every append writes. */
const WINDOW = 1024

/** Whoever can be asked now. */
export interface Asked {
  send(question: Question): void
  /** Tick of the record of appends, as far as it was told. */
  readonly tick: number
}

interface Pending<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

interface PendingAppend extends Pending<Head> {
  readonly values: readonly Uint8Array[]
  readonly optimistic: boolean
  /** When an owner was first asked for it. */
  since: number | null
  /** Has the present owner been asked? */
  isSent: boolean
}

type Plain =
  | { readonly type: 'get'; readonly index: number }
  | { readonly type: 'ask'; readonly method: Method; readonly args: readonly unknown[] }

interface PendingQuestion extends Pending<unknown> {
  readonly question: Plain
  /** Another owner can be asked the same without harm. */
  readonly mayRepeat: boolean
  isSent: boolean
}

/** What this tab has asked and was not told yet. It outlives the owners that are asked. */
export class Requests {
  readonly #appends = new Map<number, PendingAppend>()
  readonly #questions = new Map<number, PendingQuestion>()
  #asked: Asked | null = null
  /** Of the last append. */
  #number = 0
  /** Of the first append that the present owner was not asked for. */
  #next = 1
  #id = 0
  #sent = 0
  #ended: AutobeeError | null = null
  #whenSettled: (() => void)[] = []

  append(values: readonly Uint8Array[], { optimistic }: { optimistic: boolean }): Promise<Head> {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#number++
      const append = { values, optimistic, since: null, isSent: false, resolve, reject }
      this.#appends.set(this.#number, append)
      this.#sendAppends()
    })
  }

  ask(method: Method, args: readonly unknown[], { mayRepeat }: { mayRepeat: boolean }): Promise<unknown> {
    return this.#question({ type: 'ask', method, args }, mayRepeat)
  }

  read(index: number): Promise<Uint8Array | null> {
    return this.#question({ type: 'get', index }, true) as Promise<Uint8Array | null>
  }

  /** From now on this one is asked, also for all that is not answered; in the order in which it was asked for. */
  attach(asked: Asked): void {
    this.detach()
    this.#asked = asked
    this.#next = this.#appends.keys().next().value ?? this.#number + 1
    this.#sendAppends()
    for (const [id, pending] of this.#questions) this.#send(id, pending)
  }

  /** Whoever was asked answers no more. */
  detach(): void {
    if (!this.#asked) return
    this.#asked = null
    this.#sent = 0
    this.#next = 1
    for (const append of this.#appends.values()) append.isSent = false
    for (const [id, pending] of this.#questions) {
      if (pending.isSent && !pending.mayRepeat) {
        this.#questions.delete(id)
        pending.reject(ownerChanged())
      }
      pending.isSent = false
    }
  }

  /** Returns whether the message was an answer. */
  take(answer: Answer): boolean {
    if (answer.type === 'appended' || answer.type === 'not-appended') {
      const append = this.#appends.get(answer.number)
      if (!append?.isSent) return true
      this.#appends.delete(answer.number)
      this.#sent--
      if (answer.type === 'appended') append.resolve(answer.head)
      else append.reject(fromWire(answer.error))
      this.#sendAppends()
      this.#settle()
      return true
    }
    if (answer.type !== 'result' && answer.type !== 'failure') return false
    const pending = this.#questions.get(answer.id)
    this.#questions.delete(answer.id)
    if (answer.type === 'result') pending?.resolve(answer.value)
    else pending?.reject(fromWire(answer.error))
    return true
  }

  /** Rejects what nobody was asked for, and will not be; of the rest waits for the answers. */
  async settle(error: AutobeeError): Promise<void> {
    for (const [number, append] of this.#appends) {
      if (append.since !== null) continue
      this.#appends.delete(number)
      append.reject(error)
    }
    while (this.#appends.size > 0) await new Promise<void>(resolve => this.#whenSettled.push(resolve))
  }

  /** For good: whatever is asked from now on rejects as well. */
  end(error: AutobeeError): void {
    this.#asked = null
    this.#ended ??= error
    for (const append of this.#appends.values()) append.reject(error)
    for (const pending of this.#questions.values()) pending.reject(error)
    this.#appends.clear()
    this.#questions.clear()
    this.#settle()
  }

  #question(question: Plain, mayRepeat: boolean): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#id++
      const pending = { question, mayRepeat, isSent: false, resolve, reject }
      this.#questions.set(this.#id, pending)
      this.#send(this.#id, pending)
    })
  }

  #send(id: number, pending: PendingQuestion): void {
    if (!this.#asked) return
    pending.isSent = true
    this.#asked.send({ ...pending.question, id })
  }

  #sendAppends(): void {
    if (!this.#asked) return
    const first = this.#appends.keys().next()
    if (first.done) return
    // the client knows what became of all before the first that is pending
    const confirmed = first.value - 1
    for (; this.#next <= this.#number && this.#sent < WINDOW; this.#next++) {
      const append = this.#appends.get(this.#next)
      if (!append) continue
      const { values, optimistic, since } = append
      this.#asked.send({ type: 'append', number: this.#next, values, optimistic, confirmed, since })
      append.since ??= this.#asked.tick
      append.isSent = true
      this.#sent++
    }
  }

  #settle(): void {
    if (this.#appends.size > 0) return
    for (const settled of this.#whenSettled.splice(0)) settled()
  }
}
