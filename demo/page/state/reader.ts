import type { HyperbeeView } from '../../../src/index.ts'
import type * as Model from '../../board/model.ts'
import type { BoardDatabase } from '../database.ts'
import type { BoardState, ListState } from './board-state.ts'
import { type Changes, changesBetween, type ItemChange } from './changes.ts'
import type { Item, List, Person } from './model-types.ts'
import { changeRows, type Shown } from './rows.ts'
import type { Store } from './store.ts'

/** Items of a list that are read at first, and again with each "show more". */
const FIRST = 50
const MORE = 100
/** While a page is not seen it has no frames: ms between reads then. */
const UNSEEN = 500

export interface ReaderOptions {
  readonly db: BoardDatabase
  readonly model: typeof Model
  readonly board: Store<BoardState>
  /** Items that changed; not told of all that there is at first. */
  onchange(changes: readonly ItemChange[]): void
  onerror(error: unknown): void
}

/** Brings the view into the page: at most once a frame, and no more of it than what changed. */
export class Reader {
  readonly #o: ReaderOptions
  /** Rows that are wanted of each list. */
  readonly #wanted = new Map<string, number>()
  readonly #open = new Set<string>()
  #head: ReturnType<HyperbeeView['head']> = null
  #isScheduled = false
  #isReading = false
  #isStale = false
  /** Something else is wanted than before: read it though nothing changed. */
  #isWider = true
  #closed = false

  constructor(options: ReaderOptions) {
    this.#o = options
  }

  close(): void {
    this.#closed = true
  }

  /** Something may have changed. */
  schedule(): void {
    this.#isStale = true
    if (this.#isScheduled || this.#isReading || this.#closed) return
    this.#isScheduled = true
    const run = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      this.#isScheduled = false
      void this.read()
    }
    // both: a page that is seen now may be hidden before its next frame, which comes when it is seen again
    const frame = requestAnimationFrame(run)
    const timer = setTimeout(run, UNSEEN)
  }

  more(list: string): void {
    this.#wanted.set(list, (this.#wanted.get(list) ?? FIRST) + MORE)
    this.#isWider = true
    this.schedule()
  }

  /** Reads all of an item, as long as it is open. */
  openItem(id: string, isOpen: boolean): void {
    if (isOpen) this.#open.add(id)
    else this.#open.delete(id)
    this.#isWider = true
    this.schedule()
  }

  async read(): Promise<void> {
    if (this.#isReading || this.#closed) return
    this.#isReading = true
    this.#isStale = false
    try {
      await this.#read()
    } catch (error) {
      if (!this.#closed) this.#o.onerror(error)
    }
    this.#isReading = false
    if (this.#isStale) this.schedule()
  }

  async #read(): Promise<void> {
    const { db, board } = this.#o
    const view = db.view.snapshot()
    const head = view.head()
    const before = this.#head
    const isWider = this.#isWider
    this.#isWider = false
    const changes = before ? await changesBetween(view.checkout(before), view) : null
    const next = await this.#stateOf(view, changes, isWider)
    if (this.#closed) return
    this.#head = head
    board.set(next)
    if (changes && changes.items.length > 0) this.#o.onchange(changes.items)
  }

  /** @param changes null: read all */
  async #stateOf(
    view: HyperbeeView,
    changes: Changes | null,
    isWider: boolean
  ): Promise<Partial<BoardState>> {
    const { model, db } = this.#o
    const all = changes === null
    const next: { -readonly [K in keyof BoardState]?: BoardState[K] } = { isRead: true }
    if (all || changes.board) next.name = (await model.readBoard(view))?.name ?? null
    if (all || changes.counts) next.counts = await model.readCounts(view)
    if (all || changes.lists || changes.rows.size > 0 || isWider)
      next.lists = await this.#lists(view, changes)
    if (all || changes.people) next.people = byKey(await model.readPeople(view, { expelled: true }))
    next.colours = db.colours
    if (all || changes.requests) next.requests = await model.readRequests(view)
    if (all || changes.invites) next.invites = await model.readInvites(view)
    if (all || changes.bin) next.bin = await model.readBin(view)
    if (all || changes.standing) next.standing = await model.readStanding(view, db.local.id)
    const isOpen = (id: string) => this.#open.has(id)
    if (all || isWider || changes.items.some(({ id }) => isOpen(id)) || [...changes.notes].some(isOpen))
      next.items = await this.#items(view)
    return next
  }

  async #lists(view: HyperbeeView, changes: Changes | null): Promise<ListState[]> {
    const { model, board } = this.#o
    const known = new Map(board.state.lists.map(state => [state.list.id, state]))
    const lists =
      changes && !changes.lists ? board.state.lists.map(({ list }) => list) : await model.readLists(view)
    return Promise.all(
      lists.map(async list => {
        const old = known.get(list.id)
        const shown = await this.#shown(view, { list, old, changes })
        return old && old.list === list && old.rows === shown.rows && old.isAll === shown.isAll
          ? old
          : { ...shown, list: old && JSON.stringify(old.list) === JSON.stringify(list) ? old.list : list }
      })
    )
  }

  async #shown(
    view: HyperbeeView,
    { list, old, changes }: { list: List; old: ListState | undefined; changes: Changes | null }
  ): Promise<Shown> {
    const { model } = this.#o
    const wanted = this.#wanted.get(list.id) ?? FIRST
    if (!old || !changes) {
      const rows = await model.readRows(view, list.id, { limit: wanted })
      return { rows, isAll: rows.length < wanted || rows.length === list.items }
    }
    const changed = changes.rows.get(list.id)
    const shown = changed ? changeRows(old, changed) : old
    if (shown.rows.length > wanted) return { rows: shown.rows.slice(0, wanted), isAll: false }
    if (shown.isAll || shown.rows.length === wanted) return shown
    const limit = wanted - shown.rows.length
    const rest = await model.readRows(view, list.id, { limit, after: shown.rows.at(-1) ?? null })
    const rows = [...shown.rows, ...rest]
    return { rows, isAll: rest.length < limit || rows.length === list.items }
  }

  async #items(view: HyperbeeView): Promise<Map<string, Item>> {
    const found = await Promise.all([...this.#open].map(id => this.#o.model.readItem(view, id)))
    return new Map(found.filter(item => item !== null).map(item => [item.id, item]))
  }
}

function byKey(people: readonly Person[]): Map<string, Person> {
  return new Map(people.map(person => [person.key, person]))
}
