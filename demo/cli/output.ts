import type { Writable } from 'node:stream'
import { UserError } from '../common/user-error.ts'
import { toUserError } from './errors.ts'
import { harmless } from './text.ts'

/** Text is passed on in pieces of about this many characters: a call for every row would be most of the work. */
const PIECE = 32_768

/** What a command tells: rows on standard output, what is wrong on standard error. */
export class Output {
  readonly json: boolean
  readonly #out: Writable & { readonly isTTY?: boolean }
  readonly #err: Writable
  #text = ''
  #isScheduled = false
  #isClosed = false
  #failure: Error | null = null
  /** Resolves when nobody reads the output any more. */
  readonly closed: Promise<void>

  constructor({ out, err, json }: { out: Writable; err: Writable; json: boolean }) {
    this.#out = out
    this.#err = err
    this.json = json
    this.closed = new Promise(resolve => {
      out.on('error', error => {
        // a reader that went away has all that it wanted
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') this.#failure ??= error
        this.#isClosed = true
        resolve()
      })
    })
    out.setMaxListeners(0)
    // nobody to tell that nobody listens
    err.on('error', () => {})
  }

  get isTerminal(): boolean {
    return this.#out.isTTY === true
  }

  /** One row: an object for scripts, a line for people. Resolves when more may come. */
  row(row: object, line: string | (() => string)): Promise<void> | void {
    if (this.json) return this.raw(`${JSON.stringify(row)}\n`)
    return this.raw(`${typeof line === 'string' ? line : line()}\n`)
  }

  /** A value for people, and for pipes: a string as it is, but never such that it controls a terminal. */
  value(value: unknown): string {
    if (typeof value !== 'string') return harmless(JSON.stringify(value))
    return this.isTerminal ? value.split('\n').map(harmless).join('\n') : value
  }

  raw(text: string): Promise<void> | void {
    if (this.#isClosed) return
    this.#text += text
    if (this.#text.length >= PIECE) return this.#pass()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#pass()
    })
  }

  /** Something went wrong, on a line of its own. */
  problem(error: unknown): void {
    const { code, message, details } = toUserError(error)
    const text = this.json
      ? JSON.stringify({ error: { code, message, ...details } })
      : `${code}: ${harmless(message)}`
    this.#err.write(`${text}\n`)
  }

  /** Something to know that is no result and no error. */
  note(sentence: string, row: { readonly event: string }): void {
    this.#err.write(`${this.json ? JSON.stringify(row) : sentence}\n`)
  }

  /** Resolves when all is written, or nobody reads. @throws UserError `OUTPUT_FAILED` when it could not be written */
  async end(): Promise<void> {
    this.#pass()
    if (!this.#isClosed)
      await Promise.race([this.closed, new Promise<void>(resolve => this.#out.write('', () => resolve()))])
    if (!this.#failure) return
    throw new UserError(
      `The output could not be written (${this.#failure.message}). Write it somewhere else.`,
      {
        code: 'OUTPUT_FAILED'
      }
    )
  }

  #pass(): Promise<void> | void {
    const text = this.#text
    this.#text = ''
    if (text === '' || this.#isClosed || this.#out.write(text)) return
    return drained(this.#out)
  }
}

/** Resolves when a stream takes more, or never will. */
export function drained(stream: Writable): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      for (const event of EVENTS) stream.off(event, done)
      resolve()
    }
    for (const event of EVENTS) stream.on(event, done)
  })
}

const EVENTS = ['drain', 'close', 'error'] as const
