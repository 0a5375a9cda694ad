import type { Readable } from 'node:stream'
import { UserError } from '../common/user-error.ts'
import { until } from './life.ts'
import { splitLines } from './lines.ts'
import type { Item } from './operations/append.ts'
import { atLine, readSteps } from './steps.ts'
import { shorten, showBytes } from './text.ts'

/** The longest line, bytes. */
const LONGEST = 64 * 1024 * 1024

export interface InputOptions {
  readonly signal: AbortSignal
  /**
   * What a wrong line does. `stop`: it ends the input, and all lines before it count. `fail`: it is thrown, so that
   * nothing counts. `skip`: it is told, and the next one is read.
   */
  readonly wrong: 'stop' | 'fail' | 'skip'
  onproblem(error: UserError): void
}

/** JSON lines of a stream, read no faster than they are taken. */
export class LineInput implements AsyncIterable<Item> {
  readonly #source: Readable
  readonly #o: InputOptions

  constructor(source: Readable, options: InputOptions) {
    this.#source = source
    this.#o = options
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    const { signal, wrong, onproblem } = this.#o
    let line = 0
    for await (const bytes of until(splitLines(this.#source, { limit: LONGEST }), signal)) {
      line++
      let item: Item | null = null
      try {
        item = readItem(bytes, line)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        const problem = atLine(line, error)
        if (wrong === 'fail') throw problem
        onproblem(problem)
        if (wrong === 'stop') return
      }
      if (item) yield item
    }
  }
}

/** null: nothing on that line. @throws UserError `INVALID_INPUT` */
export function readItem(bytes: Uint8Array | null, line: number): Item | null {
  if (bytes === null) throw invalid(`a line takes at most ${showBytes(LONGEST)}.`)
  const text = decode(bytes).trim()
  return text === '' ? null : { line, size: bytes.byteLength, steps: readSteps(parse(text)) }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('these bytes are no UTF-8.')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(`${shorten(text)} is no JSON.`)
  }
}

function invalid(message: string): UserError {
  return new UserError(message, { code: 'INVALID_INPUT' })
}
