import { LIMITS } from '../../board/limits.ts'
import type { Op } from '../../board/ops.ts'
import { placeBetween } from '../../board/places.ts'
import type { BoardDatabase } from '../database.ts'
import { type Trouble, troubleOf } from '../errors.ts'
import { changeBoard, findBoard, type KnownBoard } from '../known-boards.ts'
import { type NetworkSettings, type NetworkState, NO_NETWORK } from '../network/state.ts'
import { type BoardState, NOTHING } from './board-state.ts'
import type { ItemChange } from './changes.ts'
import { join } from './joining.ts'
import type { Binned } from './model-types.ts'
import { News } from './news.ts'
import { Reader } from './reader.ts'
import type { Sdk } from './sdk.ts'
import { Store } from './store.ts'
import { Toasts } from './toasts.ts'

/** An open board, as the components see it. */
export interface OpenState {
  readonly writable: boolean
  /** Is it waited for what is needed to join? */
  readonly isJoining: boolean
  /** What stays wrong until somebody does something about it. */
  readonly trouble: Trouble | null
  /** Has this tab the store and the connections, or another one? */
  readonly role: BoardDatabase['role']
}

/** One board that is open in this page: what is shown of it, and all that people do on it. */
export class Session {
  readonly db: BoardDatabase
  readonly sdk: Sdk
  readonly board = new Store<BoardState>(NOTHING)
  readonly network = new Store<NetworkState>(NO_NETWORK)
  readonly open: Store<OpenState>
  readonly toasts = new Toasts()
  readonly news = new News()
  readonly reader: Reader
  #known: KnownBoard
  #isClosed = false
  /** Place of what was added last, by list: the view may not show it yet. */
  readonly #tops = new Map<string, string>()

  constructor({ db, sdk, known }: { db: BoardDatabase; sdk: Sdk; known: KnownBoard }) {
    this.db = db
    this.sdk = sdk
    this.#known = known
    const { writable, role } = db
    this.open = new Store<OpenState>({ writable, isJoining: false, trouble: null, role })
    this.reader = new Reader({
      db,
      model: sdk.model,
      board: this.board,
      onchange: changes => this.#onchange(changes),
      onerror: error => this.open.set({ trouble: troubleOf(error) })
    })
    for (const event of ['writable', 'unwritable'] as const)
      db.on(event, () => {
        this.open.set({ writable: db.writable })
        this.reader.schedule()
      })
    db.on('update', () => this.reader.schedule())
    db.on('role', role => this.open.set({ role }))
    db.on('told', () => this.#onnetwork())
    this.#onnetwork()
    db.on('error', error => this.open.set({ trouble: troubleOf(error) }))
    db.on('diverged', () => this.open.set({ trouble: troubleOf({ code: 'DIVERGED' }) }))
    db.on('conflict', ({ isLocal }) => {
      if (isLocal) this.open.set({ trouble: troubleOf({ code: 'CONFLICT' }) })
    })
    db.on('writer-frozen', ({ reason }) => {
      if (reason === 'UPGRADE_REQUIRED') this.open.set({ trouble: troubleOf({ code: reason }) })
    })
    this.board.subscribe(() => this.#remember())
    addEventListener('storage', this.#onforgotten)
  }

  get known(): KnownBoard {
    return this.#known
  }

  /** Own writer key, z-base-32. */
  get me(): string {
    return this.db.local.id
  }

  /** Reads what is here, and says what is to be said on a board that was just made or joined. */
  async begin(): Promise<void> {
    await this.reader.read()
    const { making, joining, me } = this.#known
    if (making) {
      const { name } = this.board.state
      const ops: Op[] = [
        { op: 'board', name: making.name },
        ...(me ? [{ op: 'me', name: me } as const] : []),
        { op: 'list', id: newId(), title: 'To do', place: placeBetween([null, null]) }
      ]
      if (name !== null || (await this.act(ops))) this.keep({ making: null })
    }
    if (joining) void this.#join(joining)
  }

  /** For those who were not let in by what they came with. */
  ask(name: string): Promise<boolean> {
    this.keep({ me: name })
    return this.act({ op: 'ask', name }, { optimistic: true })
  }

  async #join({ invite }: NonNullable<KnownBoard['joining']>): Promise<void> {
    const { db, sdk, board } = this
    const name = this.#known.me || 'Guest'
    const append = (op: Op) => this.act(op, { optimistic: true })
    this.open.set({ isJoining: true })
    try {
      const joined = await join({ db, sdk, board, invite, name, append })
      if (joined !== 'failed') this.keep({ joining: null })
      if (joined === 'taken back')
        this.toasts.show({ text: 'That invitation was taken back. You can ask to be let in.', kind: 'bad' })
      if (joined === 'expelled')
        this.toasts.show({ text: 'No link lets you in again: somebody on the board can.', kind: 'bad' })
    } catch (error) {
      this.#report(error)
    }
    this.open.set({ isJoining: false })
  }

  /** Appends; false when that failed, which the user has been told. */
  async act(op: Op | readonly Op[], options: { optimistic?: boolean } = {}): Promise<boolean> {
    const ops = Array.isArray(op) ? (op as readonly Op[]) : [op as Op]
    for (const one of ops) if ('id' in one) this.news.own(one.id)
    try {
      await this.db.append(op, options)
      return true
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  /** On top of the list, where it is seen. */
  addItem(list: string, text: string): Promise<boolean> {
    const first = this.board.state.lists.find(state => state.list.id === list)?.rows[0]?.place
    const [top = null] = [first, this.#tops.get(list)].filter(place => place !== undefined).sort()
    const place = placeBetween([null, top])
    if (this.#isFull('items')) return Promise.resolve(false)
    this.#tops.set(list, place)
    return this.act({ op: 'item', id: newId(), list, text, place })
  }

  addList(title: string): Promise<boolean> {
    const last = this.board.state.lists.at(-1)?.list.place ?? null
    if (this.#isFull('lists')) return Promise.resolve(false)
    return this.act({ op: 'list', id: newId(), title, place: placeBetween([last, null]) })
  }

  /** Into the bin, and says so with a way back. */
  async remove(id: string, text: string): Promise<void> {
    if (await this.act({ op: 'remove', id })) this.#offerUndo(id, text)
  }

  async removeList(id: string, title: string): Promise<void> {
    if (await this.act({ op: 'unlist', id })) this.#offerUndo(id, title)
  }

  /** Deletes for good what is in the bin now: not what others put into it meanwhile, which nobody here has seen. */
  async emptyBin(): Promise<void> {
    const { model } = this.sdk
    const view = this.db.view.snapshot()
    let last: Binned | null = null
    try {
      for (;;) {
        const bin: Binned[] = await model.readBin(view, { after: last })
        const ops: Op[] = []
        for (const { id, kind } of bin) {
          const items = kind === 'list' ? ((await model.readList(view, id))?.items ?? 0) : 0
          for (let left = items; left >= 0; left -= LIMITS.purge) ops.push({ op: 'purge', id })
        }
        last = bin.at(-1) ?? null
        if (!last || !(await this.act(ops))) return
      }
    } catch (error) {
      this.#report(error)
    }
  }

  /** Puts an item between two others of a list: those shown at `index` of it when the item is not counted. */
  async move(id: string, to: { list: string; index: number }): Promise<boolean> {
    const state = this.board.state.lists.find(({ list }) => list.id === to.list)
    const others = (state?.rows ?? []).filter(row => row.id !== id)
    const before = others[to.index - 1] ?? null
    let after = others[to.index] ?? null
    if (!after && before && !state?.isAll) {
      // behind the last one that is shown, there are others
      const options = { limit: 2, after: before }
      const next = await this.sdk.model.readRows(this.db.view, to.list, options)
      after = next.find(row => row.id !== id) ?? null
    }
    const place = placeBetween([before?.place ?? null, after?.place ?? null])
    return this.act({ op: 'move', id, list: to.list, place })
  }

  /** Takes back what he could come back by, too. */
  async expel(key: string): Promise<boolean> {
    try {
      return await this.act(await this.sdk.expelOps(this.db.view, key))
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  async rename(name: string): Promise<boolean> {
    return this.act({ op: 'me', name }).then(isDone => {
      if (isDone) this.keep({ me: name })
      return isDone
    })
  }

  setNetwork(change: Partial<NetworkSettings>): void {
    this.keep({ ...(change.relays && { relays: change.relays }) })
    this.db.call('network', change).catch(error => this.#report(error))
  }

  keep(change: Partial<KnownBoard>): void {
    this.#known = { ...this.#known, ...change }
    changeBoard(this.#known.store, change)
  }

  async close(): Promise<void> {
    removeEventListener('storage', this.#onforgotten)
    this.#isClosed = true
    this.reader.close()
    await this.db.close()
  }

  /** At the foot of the page; after closing there is nobody to tell. */
  #report(error: unknown): void {
    if (this.#isClosed) return
    const { title, advice } = troubleOf(error)
    this.toasts.show({ text: `${title}. ${advice}`, kind: 'bad' })
  }

  /** Is there no room for one more, which the user is told? */
  #isFull(what: 'items' | 'lists'): boolean {
    const isFull = this.board.state.counts[what] >= LIMITS[what]
    const text = `There are ${LIMITS[what]} ${what}, and no room for more. Those in the bin count: empty it.`
    if (isFull) this.toasts.show({ text, kind: 'bad' })
    return isFull
  }

  #offerUndo(id: string, text: string): void {
    this.toasts.show({
      text: `“${text}” is in the bin.`,
      action: { label: 'Undo', run: () => void this.act({ op: 'restore', id }) }
    })
  }

  #onchange(changes: readonly ItemChange[]): void {
    this.news.tell(changes, { me: this.me, people: this.board.state.people })
  }

  /** Another tab changed the list of boards: perhaps this one is not on it any more. */
  readonly #onforgotten = (): void => {
    if (findBoard({ store: this.#known.store })) return
    this.open.set({ writable: false, trouble: troubleOf({ code: 'FORGOTTEN' }) })
    this.close().catch(error => console.warn('a board that was forgotten could not be closed', error))
  }

  #onnetwork(): void {
    if (this.db.network) this.network.set(this.db.network)
  }

  #remember(): void {
    const { name } = this.board.state
    if (name !== null && name !== this.#known.name) this.keep({ name })
  }
}

/** Random, as ids that nobody else makes up. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return [...bytes].map(byte => byte.toString(36).padStart(2, '0')).join('')
}
