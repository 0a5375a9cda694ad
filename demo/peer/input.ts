import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { readOperations } from './values.ts'

/** Appends that may be under way at once: they share writes to disk. */
const MOST_UNDER_WAY = 128

export interface InputOptions {
  readonly isTerminal: boolean
  /** Writes one value; a rejection is told by `problem`. */
  append(value: unknown): Promise<void>
  /** Resolves when this peer may write. */
  writable(): Promise<void>
  problem(sentence: string): void
}

/** Reads JSON values, one a line, and appends them in that order; a line that is wrong stops none that follow. */
export class Input {
  readonly #o: InputOptions
  readonly #source: Readable
  readonly #lines: ReturnType<typeof createInterface>
  readonly #underWay = new Set<Promise<void>>()
  #line = 0
  #refused = 0
  #kept = 0

  constructor(source: Readable, options: InputOptions) {
    this.#o = options
    this.#source = source
    this.#lines = createInterface({ input: source, terminal: false, crlfDelay: Number.POSITIVE_INFINITY })
  }

  /** Lines that were not appended, for whatever reason. */
  get refused(): number {
    return this.#refused
  }

  /** Lines read that wait for this peer to become a writer. */
  get kept(): number {
    return this.#kept
  }

  /** Resolves at the end of the input, when all of it is appended or refused. */
  async run(): Promise<void> {
    for await (const text of this.#lines) {
      this.#line++
      await this.#take(text.trim())
    }
    await Promise.all(this.#underWay)
  }

  /** Reads no more. */
  close(): void {
    this.#lines.close()
    this.#source.destroy()
  }

  async #take(text: string): Promise<void> {
    if (text === '') return
    const where = this.#o.isTerminal ? '' : `Line ${this.#line}: `
    const value = this.#parse(text, where)
    if (value === undefined) return
    this.#kept++
    await this.#o.writable()
    this.#kept--
    const append = this.#o.append(value).catch(error => {
      this.#refused++
      this.#o.problem(`${where}not written. ${(error as Error).message}`)
    })
    this.#underWay.add(append)
    append.then(() => this.#underWay.delete(append))
    if (this.#underWay.size >= MOST_UNDER_WAY) await Promise.race(this.#underWay)
  }

  #parse(text: string, where: string): unknown {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      this.#refused++
      this.#o.problem(
        `${where}${shorten(text)} is no JSON. Text goes in quotes: ${JSON.stringify(shorten(text))}`
      )
      return undefined
    }
    const wrong = readOperations(value)
    if (typeof wrong !== 'string') return value
    this.#refused++
    this.#o.problem(`${where}${wrong}`)
    return undefined
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
