import type { OrderedUnit, WaitingUnit } from '../../../src/index.ts'
import { idOfKey } from '../../board/key-text.ts'
import type { OrderFeed } from './feed.ts'
import { idOf } from './layout.ts'
import { type Moves, movesBetween, type Placed } from './moves.ts'

/** Units at the end that are always there, and those around a reorganisation in which moves are looked for. */
export const RECENT = 200
const LOOKED_AT = 600
/** Units that are kept: the farthest from what is shown go first. */
const MOST_KEPT = 3000
const MOST_WAITING = 20
/** What waits because its writer is no member comes with no event: ms between two looks. */
const LOOK = 2000
/** ms between two readings while the page is not seen. */
const UNSEEN = 500

export interface Waiting {
  readonly id: string
  readonly writer: string
  readonly unit: WaitingUnit
}

/** What is known of the order, as of one moment. */
export interface OrderState {
  /** Was it read at least once? */
  readonly isRead: boolean
  /** Positions that there are. */
  readonly length: number
  /** By position, as far as they are loaded. */
  readonly placed: ReadonlyMap<number, Placed>
  readonly waiting: readonly Waiting[]
  /** The last reorganisation that was seen. */
  readonly moves: Moves | null
}

export const UNREAD: OrderState = { isRead: false, length: 0, placed: new Map(), waiting: [], moves: null }

interface Range {
  readonly from: number
  readonly to: number
}

/** Brings the order into the page: at most once a frame, and no more of it than what changed or is looked at. */
export class OrderReader {
  readonly #feed: OrderFeed
  readonly #onstate: (state: OrderState) => void
  readonly #onerror: (error: unknown) => void
  #state: OrderState = UNREAD
  #wanted: Range = { from: 0, to: 0 }
  /** What is known from here on may have moved. */
  #changedFrom = Number.POSITIVE_INFINITY
  #reorganisations = 0
  readonly #timer: ReturnType<typeof setInterval>
  #isScheduled = false
  #isReading = false
  #isStale = false
  #closed = false
  readonly #onupdate = () => this.schedule()
  readonly #onreorg = ({ position }: { position: number }) => {
    this.#changedFrom = Math.min(this.#changedFrom, position)
    this.#reorganisations++
    this.schedule()
  }

  constructor(
    feed: OrderFeed,
    handlers: { onstate(state: OrderState): void; onerror(error: unknown): void }
  ) {
    this.#feed = feed
    this.#onstate = state => handlers.onstate(state)
    this.#onerror = error => handlers.onerror(error)
    feed.on('update', this.#onupdate)
    feed.on('waiting', this.#onupdate)
    feed.on('reorg', this.#onreorg)
    this.#timer = setInterval(() => {
      if (document.visibilityState === 'visible') this.schedule()
    }, LOOK)
    this.schedule()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#feed.off('update', this.#onupdate)
    this.#feed.off('waiting', this.#onupdate)
    this.#feed.off('reorg', this.#onreorg)
  }

  /** These positions are looked at, beside the last ones. */
  want(range: Range): void {
    this.#wanted = range
    const { placed, length } = this.#state
    const end = Math.min(range.to, length)
    let at = range.from
    while (at < end && placed.has(at)) at++
    if (at < end) this.schedule()
  }

  /** Something may have changed. */
  schedule(): void {
    this.#isStale = true
    if (this.#isScheduled || this.#isReading || this.#closed) return
    this.#isScheduled = true
    const run = () => {
      this.#isScheduled = false
      void this.#read()
    }
    if (document.visibilityState === 'visible') requestAnimationFrame(run)
    else setTimeout(run, UNSEEN)
  }

  async #read(): Promise<void> {
    this.#isReading = true
    this.#isStale = false
    try {
      const state = await this.#next()
      if (!this.#closed && !isSame(state, this.#state)) {
        this.#state = state
        this.#onstate(state)
      }
    } catch (error) {
      // another tab has the database now, and is asked anew
      if ((error as { code?: string }).code === 'OWNER_CHANGED') this.#isStale = true
      else if (!this.#closed) this.#onerror(error)
    } finally {
      this.#isReading = false
      if (this.#isStale) this.schedule()
    }
  }

  async #next(): Promise<OrderState> {
    for (;;) {
      const reorganisations = this.#reorganisations
      const cut = this.#changedFrom
      const length = this.#feed.orderLength
      const kept: [number, Placed][] = []
      const gone: Placed[] = []
      for (const entry of this.#state.placed) {
        if (entry[0] < cut && entry[0] < length) kept.push(entry)
        else gone.push(entry[1])
      }
      if (cut === Number.POSITIVE_INFINITY && (await this.#hasMovedUntold(length))) {
        this.#changedFrom = 0
        continue
      }
      const placed = new Map(kept)
      let isNew = gone.length > 0
      for (const range of this.#missing(placed, { cut, length })) {
        isNew = true
        for await (const unit of this.#feed.order(range)) placed.set(unit.position, toPlaced(unit))
      }
      const waiting: Waiting[] = []
      for await (const unit of this.#feed.order({ waiting: true, limit: MOST_WAITING })) {
        const writer = idOfKey(unit.key)
        waiting.push({ id: idOf({ writer, length: unit.length }), writer, unit })
      }
      // what was read is of two orders, perhaps
      if (reorganisations !== this.#reorganisations && !this.#closed) continue
      this.#changedFrom = Number.POSITIVE_INFINITY
      const after = [...placed.values()]
        .filter(({ unit }) => unit.position >= cut)
        .sort((a, b) => a.unit.position - b.unit.position)
      const moves = (gone.length > 0 ? movesBetween(gone, after) : null) ?? this.#state.moves
      return {
        isRead: true,
        length,
        placed: isNew ? this.#evict(placed, length) : this.#state.placed,
        waiting,
        moves
      }
    }
  }

  /** While another tab becomes the owner, the order may move and this one hear nothing of it: then its end is another. */
  async #hasMovedUntold(length: number): Promise<boolean> {
    const last = this.#state.placed.get(this.#state.length - 1)
    if (!last) return false
    if (length < this.#state.length) return true
    const { position } = last.unit
    for await (const unit of this.#feed.order({ from: position, to: position + 1 }))
      return toPlaced(unit).id !== last.id
    return true
  }

  /** What is wanted and not there, in runs. */
  *#missing(
    placed: ReadonlyMap<number, Placed>,
    { cut, length }: { cut: number; length: number }
  ): Iterable<Range> {
    const moved = { from: Math.max(Math.min(cut, length), length - LOOKED_AT), to: length }
    for (const range of [this.#wanted, { from: length - RECENT, to: length }, moved]) {
      const to = Math.min(range.to, length)
      let at = Math.max(0, range.from)
      while (at < to) {
        while (at < to && placed.has(at)) at++
        const from = at
        while (at < to && !placed.has(at)) at++
        if (at > from) yield { from, to: at }
      }
    }
  }

  #evict(placed: Map<number, Placed>, length: number): Map<number, Placed> {
    if (placed.size <= MOST_KEPT) return placed
    const middle = (this.#wanted.from + this.#wanted.to) / 2
    const far = (position: number) => (position >= length - RECENT ? 0 : Math.abs(position - middle))
    const sorted = [...placed].sort(([a], [b]) => far(a) - far(b))
    return new Map(sorted.slice(0, MOST_KEPT))
  }
}

/** Nothing to render: what waits has not changed, nor what is loaded. */
function isSame(a: OrderState, b: OrderState): boolean {
  const waiting = (state: OrderState) => state.waiting.map(({ id, unit }) => `${id} ${unit.reason}`).join()
  return (
    a.isRead === b.isRead &&
    a.placed === b.placed &&
    a.length === b.length &&
    a.moves === b.moves &&
    waiting(a) === waiting(b)
  )
}

function toPlaced(unit: OrderedUnit): Placed {
  const writer = idOfKey(unit.key)
  return { id: idOf({ writer, length: unit.length }), writer, unit }
}
