/** The database of a board in this browser, and all that needs the SDK: what the page loads after its first paint. */
import b4a from 'b4a'
import { Autobee, type AutobeeEvents, type HyperbeeView, openStore } from '../../adapters/entry/browser.ts'
import { apply } from '../board/apply.ts'
import { Network } from './network/network.ts'
import type { NetworkSettings, NetworkState } from './network/state.ts'

export { estimate, persist } from '../../adapters/entry/browser.ts'
export { formatInvitation, joinOp, newInvite, parseInvitation, publicKeyOf } from '../board/invitation.ts'
export { idOfKey, keyOf } from '../board/key-text.ts'
export * as model from '../board/model.ts'

export interface DatabaseOptions {
  /** Name of the IndexedDB database. */
  readonly store: string
  /** z-base-32; null: a new board, or the one that the store has. */
  readonly key: Uint8Array | null
  readonly encryptionKey: Uint8Array | null
  readonly network: NetworkSettings
}

/** What of `SharedAutobee` the page uses. */
export interface BoardDatabase extends Pick<Autobee, 'order' | 'orderLength' | 'unit'> {
  readonly key: Uint8Array | null
  readonly local: { readonly key: Uint8Array; readonly id: string; readonly length: number }
  readonly view: HyperbeeView
  readonly writable: boolean
  readonly role: 'owner' | 'follower' | 'none'
  append(value: unknown, options?: { optimistic?: boolean }): Promise<unknown>
  call(name: 'network', change: Partial<NetworkSettings>): Promise<unknown>
  close(): Promise<void>
  on<K extends keyof BoardEvents>(event: K, listener: (...args: BoardEvents[K]) => void): unknown
  off<K extends keyof BoardEvents>(event: K, listener: (...args: BoardEvents[K]) => void): unknown
}

export interface BoardEvents
  extends Pick<
    AutobeeEvents,
    'update' | 'writable' | 'unwritable' | 'diverged' | 'conflict' | 'reorg' | 'error' | 'waiting'
  > {
  told: [NetworkState]
  role: [string]
}

/** @throws AutobeeError of the opening */
export async function openDatabase({
  store: name,
  key,
  encryptionKey,
  network: settings
}: DatabaseOptions): Promise<BoardDatabase> {
  const store = await openStore(name)
  const db = new Autobee(store, key, { apply, valueEncoding: 'json', encryptionKey })
  await db.ready()
  const listeners = new Set<(state: NetworkState) => void>()
  let last: NetworkState | null = null
  const network = new Network(db, {
    settings,
    tell(state) {
      last = state
      for (const listener of listeners) listener(state)
    }
  })
  return {
    get key() {
      return db.key
    },
    get local() {
      return db.local
    },
    get view() {
      return db.view
    },
    get writable() {
      return db.writable
    },
    role: 'owner',
    get orderLength() {
      return db.orderLength
    },
    order: db.order.bind(db) as Autobee['order'],
    unit: head => db.unit(head),
    append: (value, options) => db.append(value, options),
    call: (_, change) => network.change(change),
    async close() {
      await network.close()
      await db.close()
      await store.close()
    },
    on(event, listener) {
      if (event === 'told') {
        listeners.add(listener as (state: NetworkState) => void)
        if (last) (listener as (state: NetworkState) => void)(last)
      } else if (event !== 'role') db.on(event as 'update', listener as () => void)
    },
    off(event, listener) {
      listeners.delete(listener as (state: NetworkState) => void)
      db.off(event as 'update', listener as () => void)
    }
  }
}

export function fromHex(hex: string): Uint8Array {
  return b4a.from(hex, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return b4a.toString(bytes, 'hex')
}
