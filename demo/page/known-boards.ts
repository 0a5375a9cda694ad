/** One board that this browser keeps, as its start page lists it. The data itself is in the IndexedDB database `store`. */
export interface KnownBoard {
  /** Name of its IndexedDB database; each board has its own. */
  readonly store: string
  /** Public key, z-base-32; null until the board was made. */
  readonly key: string | null
  /** 32 bytes as hex, or null where the board is not encrypted. */
  readonly encryptionKey: string | null
  readonly name: string
  readonly relays: readonly string[]
  /** ms since the epoch. */
  readonly opened: number
  /** What one is called on it; empty until one has said so. */
  readonly me: string
  /** Not made yet: what is to be said as soon as its database is open. */
  readonly making: { readonly name: string } | null
  /** Not joined yet. `invite`: the seed of the invitation as hex, or null to ask; forgotten when it is used. */
  readonly joining: { readonly invite: string | null } | null
}

const PLACE = 'autobee-boards'

/** The boards of this browser, the last opened first; none where the browser lets nothing be kept. */
export function knownBoards(): KnownBoard[] {
  return read().sort((a, b) => b.opened - a.opened)
}

export function findBoard(by: { key: string } | { store: string }): KnownBoard | null {
  const found = read().find(board => ('key' in by ? board.key === by.key : board.store === by.store))
  return found ?? null
}

/** Adds a board, or puts it in the place of the one with the same store. */
export function keepBoard(board: KnownBoard): void {
  write([...read().filter(({ store }) => store !== board.store), board])
}

export function changeBoard(store: string, change: Partial<KnownBoard>): void {
  write(read().map(board => (board.store === store ? { ...board, ...change } : board)))
}

export function forgetBoard(store: string): void {
  write(read().filter(board => board.store !== store))
}

/** A name for the database of a board that is new here. */
export function newStore(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return `autobee-board-${[...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')}`
}

function read(): KnownBoard[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(PLACE) ?? '[]')
    return Array.isArray(list) ? list.filter(isBoard) : []
  } catch {
    // not ours, or nothing may be kept: the page goes on without a list
    return []
  }
}

function write(list: readonly KnownBoard[]): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(list))
  } catch (error) {
    console.warn('the list of boards could not be kept', error)
  }
}

function isBoard(value: unknown): value is KnownBoard {
  const board = value as Partial<KnownBoard> | null
  return typeof board?.store === 'string' && typeof board.name === 'string' && Array.isArray(board.relays)
}
