import { AutobeeError } from '../../../src/index.ts'
import type { ByteStream } from '../../transport/contract.ts'
import type { Pattern } from './pattern.ts'

/** What a writer that waits as it is told writes at a time, bytes. */
export const CHUNK = 64 * 1024

export interface EndOptions {
  /** What messages call it. */
  readonly name: string
  readonly writes: Pattern
  readonly reads: Pattern
  /** What the transport's users get to see of an error. */
  errorOf(error: Error): unknown
  /** Something happened. */
  onchange(): void
}

/** One end at work: writes the bytes of its pattern, and looks at all that comes while it comes. */
export class End {
  readonly stream: ByteStream
  readonly #o: EndOptions
  #written = 0
  #received = 0
  #chunks = 0
  #drains = 0
  #ends = 0
  #errors: Error[] = []
  #closes = 0
  #given: Error | null = null
  #wrong: string | null = null
  #isFlowing = false
  #hasListener = false
  #ondata: ((chunk: Uint8Array) => void) | null = null

  constructor(stream: ByteStream, options: EndOptions) {
    this.stream = stream
    this.#o = options
    stream.on('drain', () => this.#on('drain', () => this.#drains++))
    stream.on('end', () => this.#on('end', () => this.#ends++))
    stream.on('error', error => this.#on('error', () => this.#onerror(error as Error)))
    stream.on('close', () => this.#on('close', () => this.#onclose()))
  }

  /** Bytes given to `write`. */
  get written(): number {
    return this.#written
  }

  /** Bytes that came. */
  get received(): number {
    return this.#received
  }

  get chunks(): number {
    return this.#chunks
  }

  get drains(): number {
    return this.#drains
  }

  get hasEnd(): boolean {
    return this.#ends > 0
  }

  get isClosed(): boolean {
    return this.#closes > 0
  }

  get errors(): readonly Error[] {
    return this.#errors
  }

  /** The first promise that was not kept; null when all were. */
  get wrong(): string | null {
    return this.#wrong
  }

  get isFlowing(): boolean {
    return this.#isFlowing
  }

  /** Lets what comes flow. */
  read(ondata: ((chunk: Uint8Array) => void) | null = null): void {
    if (ondata) this.#ondata = ondata
    this.#isFlowing = true
    if (this.#hasListener) {
      this.stream.resume()
      return
    }
    this.#hasListener = true
    this.stream.on('data', chunk => this.#on('data', () => this.#receive(chunk)))
  }

  pause(): void {
    this.stream.pause()
    this.#isFlowing = false
  }

  /** The next bytes of the pattern, in one write. */
  write(length: number): boolean {
    return this.writeThis(this.#o.writes.slice(this.#written, length))
  }

  /** The next bytes of the pattern, which the caller has made. */
  writeThis(bytes: Uint8Array): boolean {
    this.#written += bytes.length
    return this.stream.write(bytes)
  }

  /** The bytes that come next in the pattern, unwritten. */
  next(length: number): Uint8Array {
    return this.#o.writes.slice(this.#written, length)
  }

  end(): void {
    this.stream.end()
  }

  destroy(error?: Error): void {
    if (error) {
      this.#given ??= error
      this.stream.destroy(error)
    } else {
      this.stream.destroy()
    }
  }

  #on(event: string, apply: () => void): void {
    if (this.isClosed) this.#fail(`'${event}' after 'close'`)
    apply()
    this.#o.onchange()
  }

  #receive(chunk: unknown): void {
    if (!(chunk instanceof Uint8Array)) {
      this.#fail(`bytes, not ${typeof chunk}`)
      return
    }
    if (this.hasEnd) this.#fail("'data' after 'end'")
    if (!this.#isFlowing) this.#fail("'data' after pause()")
    const wrong = this.#o.reads.firstWrong(chunk, this.#received)
    if (wrong !== null) this.#fail(`byte ${this.#received + wrong} is not the one that was written there`)
    this.#received += chunk.length
    this.#chunks++
    this.#ondata?.(chunk)
  }

  #onerror(error: Error): void {
    this.#errors.push(error)
    if (this.#errors.length > 1) this.#fail(`a second error: ${String(error)}`)
    if (error === this.#given) return
    const shown = this.#o.errorOf(error)
    if (!AutobeeError.is(shown, 'TRANSPORT_FAILED') || !shown.reason)
      this.#fail(`TRANSPORT_FAILED with a reason, not ${String(shown)}`)
  }

  #onclose(): void {
    this.#closes++
    if (!this.stream.destroyed) this.#fail("it is not destroyed at 'close'")
  }

  #fail(what: string): void {
    this.#wrong ??= `${this.#o.name}: ${what}`
  }
}
