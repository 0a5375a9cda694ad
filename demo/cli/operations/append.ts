import type { KeyValueBatch } from '../../../src/kv/index.ts'
import { toUserError } from '../errors.ts'
import { until } from '../life.ts'
import { atLine, readSteps, type Step } from '../steps.ts'
import { showBytes } from '../text.ts'
import { type Context, flag, invalid, operation, type Peer } from './operation.ts'
import { writing } from './writing.ts'

/** Units that may be under way at once: they share writes to disk. */
const MOST_UNITS = 256
/** Bytes that may be under way at once, unless one unit alone has more. */
const MOST_BYTES = 16 * 1024 * 1024
/** Bytes that one unit may have; what the database itself allows is a little less, or none would reach it. */
const MOST_IN_UNIT = 256 * 1024 * 1024

/** What one line of input asks for. */
export interface Item {
  readonly line: number
  /** Of the line, bytes. */
  readonly size: number
  readonly steps: readonly Step[]
}

export interface Summary {
  readonly type: 'appended'
  readonly units: number
  readonly operations: number
}

export interface Refusal {
  readonly type: 'refused'
  readonly line: number
  readonly code: string
  readonly message: string
}

interface Params {
  /** All of the input is one unit; else each item is one. */
  readonly batch: boolean
  /** What is refused stops nothing that follows. */
  readonly goOn: boolean
}

export const append = operation<Params, Summary | Refusal>({
  check: params => ({ batch: flag(params, 'batch'), goOn: flag(params, 'goOn') }),
  run: (peer, { batch, goOn }, context) =>
    batch ? appendOne(peer, context) : new Appending(peer, { goOn }).run(context)
})

async function* appendOne(peer: Peer, { input, signal }: Context): AsyncGenerator<Summary> {
  const unit = peer.kv.batch()
  let size = 0
  for await (const item of until(input, signal)) {
    const { line, steps, size: more } = readItem(item)
    size += more
    if (size > MOST_IN_UNIT)
      throw atLine(line, invalid(`One unit takes at most ${showBytes(MOST_IN_UNIT)}; leave out --batch.`))
    fill(unit, { line, steps })
  }
  const operations = unit.length
  await writing(peer, () => unit.flush())
  yield { type: 'appended', units: operations > 0 ? 1 : 0, operations }
}

/** Many units, in the order of the input. */
class Appending {
  readonly #peer: Peer
  readonly #goOn: boolean
  readonly #underWay = new Set<Promise<void>>()
  readonly #refusals: Refusal[] = []
  #bytes = 0
  #units = 0
  #operations = 0
  /** What ends it: nothing more is taken then. */
  #failure: { readonly error: unknown } | null = null

  constructor(peer: Peer, { goOn }: { goOn: boolean }) {
    this.#peer = peer
    this.#goOn = goOn
  }

  async *run({ input, signal }: Context): AsyncGenerator<Summary | Refusal> {
    try {
      for await (const item of until(input, signal)) {
        this.#take(readItem(item))
        while (!this.#failure && this.#isFull) await Promise.race(this.#underWay)
        yield* this.#refusals.splice(0)
        if (this.#failure) break
      }
    } catch (error) {
      this.#failure ??= { error }
    }
    await Promise.all(this.#underWay)
    yield* this.#refusals.splice(0)
    yield { type: 'appended', units: this.#units, operations: this.#operations }
    if (this.#failure) throw this.#failure.error
  }

  get #isFull(): boolean {
    return this.#underWay.size >= MOST_UNITS || (this.#bytes > MOST_BYTES && this.#underWay.size > 0)
  }

  #take({ line, size, steps }: Item): void {
    const unit = this.#peer.kv.batch()
    try {
      fill(unit, { line, steps })
    } catch (error) {
      this.#refuse(line, error)
      return
    }
    const { length } = unit
    this.#bytes += size
    const written = writing(this.#peer, () => unit.flush())
      .then(
        () => {
          this.#units++
          this.#operations += length
        },
        error => this.#refuse(line, error)
      )
      .finally(() => {
        this.#bytes -= size
        this.#underWay.delete(written)
      })
    this.#underWay.add(written)
  }

  #refuse(line: number, error: unknown): void {
    const refusal = atLine(line, toUserError(error))
    const { code, message } = refusal
    // what is not about this line would be said of every other one, too
    const isOwn = code === 'INVALID_ARGUMENT' || code === 'ENTRY_TOO_LARGE'
    if (this.#goOn && isOwn) this.#refusals.push({ type: 'refused', line, code, message })
    else this.#failure ??= { error: isOwn ? refusal : error }
  }
}

function fill(unit: KeyValueBatch<string, unknown>, { line, steps }: Pick<Item, 'line' | 'steps'>): void {
  try {
    for (const step of steps) {
      if (step.type === 'put') unit.put(step.key, step.value)
      else unit.del(step.key)
    }
  } catch (error) {
    throw atLine(line, toUserError(error))
  }
}

function readItem(item: unknown): Item {
  const { line, size, steps } = (item ?? {}) as Partial<Item>
  const isNumbered = Number.isSafeInteger(line) && Number.isSafeInteger(size) && (size as number) >= 0
  if (!isNumbered || !Array.isArray(steps)) throw invalid('That is no line of input.')
  return { line: line as number, size: size as number, steps: readSteps(steps) }
}
