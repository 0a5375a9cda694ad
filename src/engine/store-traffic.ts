/**
 * Leans on internals of hypercore and hypercore-storage (with core-internals.ts): what of the traffic between a log and its
 * store can be spared. Each is looked for before it is used, and without it the stock way is taken.
 */
import b4a from 'b4a'
import type Hypercore from 'hypercore'

interface CoreInternals {
  hintsChanged: boolean
  readonly header?: { readonly hints?: { readonly recovering?: unknown } | null } | null
  flushHints(): Promise<void>
}

/**
 * Hypercore writes with every change how much of a log is here, and how much peers have, in a batch of its own; the first
 * it finds out again when the log is opened, the second peers tell.
 */
export function skipHints(session: Hypercore): void {
  const core = session.core as unknown as CoreInternals | null
  if (!core || typeof core.flushHints !== 'function' || Object.hasOwn(core, 'flushHints')) return
  const stock = core.flushHints
  core.flushHints = async () => {
    // a repair that is under way has to be known after a crash
    if (core.header?.hints?.recovering) return stock.call(core)
    core.hintsChanged = false
  }
}

export function keepHints(base: Hypercore): void {
  const core = base.core as unknown as Partial<CoreInternals> | null
  if (core && Object.hasOwn(core, 'flushHints')) delete core.flushHints
}

interface Reader {
  getBitfieldPage(index: number): Promise<Uint8Array | null>
  getDependency(): Promise<unknown>
  tryFlush(): void
}

interface CoreStorage {
  readonly dependencies: readonly unknown[]
  read(): Reader
}

interface Bitfield {
  getPageByteLength(): number
  getBitfield(index: number): { readonly bitfield: Uint32Array } | null
}

interface StateInternals {
  readonly storage: CoreStorage
  readonly core: { readonly bitfield: Bitfield }
  /** What this session has appended since the last commit; null when nothing. */
  readonly _pendingBitfield: object | null
}

/**
 * Answers from memory what the stock code reads from the store with each append and flush; all else is read. A
 * bitfield page in memory is the stored one, from which Hypercore itself writes the pages of blocks that it downloads,
 * unless the atom holds a later one. A core without dependencies when it was opened gets none: only sessions with
 * a name have them.
 */
export function skipReads(core: Hypercore): void {
  const state = core.state as unknown as StateInternals
  const { storage } = state
  const read = storage?.read
  const bitfield = state.core?.bitfield
  const isKnown =
    typeof read === 'function' &&
    Array.isArray(storage.dependencies) &&
    typeof bitfield?.getBitfield === 'function' &&
    typeof bitfield.getPageByteLength === 'function' &&
    state._pendingBitfield === null &&
    !Object.hasOwn(storage, 'read')
  if (!isKnown) return
  const bitsPerPage = bitfield.getPageByteLength() * 8
  const pageOf = (index: number) => {
    if (state._pendingBitfield !== null) return null
    const words = state.core.bitfield.getBitfield(index * bitsPerPage)?.bitfield
    if (words?.byteLength !== bitsPerPage / 8) return null
    // a copy: the reader fills in what it appends
    return b4a.from(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
  }
  storage.read = () => {
    let reader: Reader | null = null
    const stock = () => {
      reader ??= read.call(storage)
      return reader
    }
    const known: Reader = {
      getBitfieldPage: async index => pageOf(index) ?? stock().getBitfieldPage(index),
      getDependency: async () => (storage.dependencies.length === 0 ? null : stock().getDependency()),
      // nothing was asked for that has to be read
      tryFlush: () => reader?.tryFlush()
    }
    return new Proxy(known, {
      get(target, name) {
        if (Object.hasOwn(target, name)) return Reflect.get(target, name)
        const value = Reflect.get(stock(), name)
        return typeof value === 'function' ? value.bind(stock()) : value
      }
    })
  }
}

export function keepReads(base: Hypercore): void {
  const storage = (base.state as unknown as StateInternals | null)?.storage as
    | Partial<CoreStorage>
    | undefined
  if (storage && Object.hasOwn(storage, 'read')) delete storage.read
}
