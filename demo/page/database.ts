/** The database of a board in this browser, and all that needs the SDK: what the page loads after its first paint. */
import b4a from 'b4a'
import { SharedAutobee } from '../../adapters/entry/browser-tabs.ts'
import { apply } from '../board/apply.ts'
import { idOfKey } from '../board/key-text.ts'
import { type Colours, coloursOf } from './colours.ts'
import { Network } from './network/network.ts'
import type { NetworkSettings, NetworkState } from './network/state.ts'

export { estimate, persist } from '../../adapters/entry/browser.ts'
export { expelOps } from '../board/expelling.ts'
export { formatInvitation, joinOp, newInvite, parseInvitation, publicKeyOf } from '../board/invitation.ts'
export { idOfKey, keyOf } from '../board/key-text.ts'
export * as model from '../board/model.ts'

export interface DatabaseOptions {
  /** Name of the IndexedDB database. */
  readonly store: string
  /** null: a new board, or the one that the store has. */
  readonly key: Uint8Array | null
  readonly encryptionKey: Uint8Array | null
  readonly network: NetworkSettings
}

/** A board's database, which all tabs share; the one that owns it keeps the connections of all. */
export class BoardDatabase extends SharedAutobee {
  /** As the owner told it last; null before it has. */
  network: NetworkState | null = null
  #colours: Colours = new Map()

  constructor({ store, key, encryptionKey, network: settings }: DatabaseOptions) {
    let network: Network | null = null
    super(store, key, {
      apply,
      valueEncoding: 'json',
      encryptionKey,
      connect: db => {
        // what was chosen in whichever tab goes on here
        const { isCut, relays, direct } = this.network ?? settings
        network = new Network(db, {
          settings: { isCut, relays, direct },
          tell: state => db.tell(state)
        })
        return network
      },
      calls: { network: (_, change: Partial<NetworkSettings>) => network?.change(change) }
    })
    this.on('told', state => {
      this.network = state as NetworkState
    })
  }

  /** Of those who have joined; the same map as long as it says the same. */
  get colours(): Colours {
    const writers = [...this.writers].map(({ key }) => idOfKey(key))
    const known = [...this.#colours.keys()]
    if (writers.length !== known.length || writers.some((writer, index) => writer !== known[index]))
      this.#colours = coloursOf(writers)
    return this.#colours
  }
}

/** @throws AutobeeError of the opening */
export async function openDatabase(options: DatabaseOptions): Promise<BoardDatabase> {
  const db = new BoardDatabase(options)
  try {
    await db.ready()
  } catch (error) {
    await db.close()
    throw error
  }
  return db
}

export function fromHex(hex: string): Uint8Array {
  return b4a.from(hex, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return b4a.toString(bytes, 'hex')
}
