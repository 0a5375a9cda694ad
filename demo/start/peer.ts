import b4a from 'b4a'
import { openStore } from '../../adapters/storage/file.ts'
import { connectRelay, type RelayHandle } from '../../adapters/transport/websocket.ts'
import { Autobee, AutobeeError } from '../../src/index.ts'
import { apply } from '../board/apply.ts'
import { UserError } from '../common/user-error.ts'
import { Names } from '../page/network/who.ts'
import type { Folder, Memory } from './folder.ts'
import { Joining } from './joining.ts'
import { Newcomers } from './newcomers.ts'
import type { Teller } from './notices.ts'
import { setUp } from './set-up.ts'

type Store = Awaited<ReturnType<typeof openStore>>

/** Opens the store in a folder. @throws UserError */
export async function openFolder(folder: Folder): Promise<Store> {
  try {
    return await openStore(folder.store)
  } catch (error) {
    throw explain(error, folder)
  }
}

export interface PeerOptions {
  readonly folder: Folder
  readonly memory: Memory
  readonly teller: Teller
}

/** A peer of the board. */
export class BoardPeer {
  readonly db: Autobee
  /** Resolves when nothing more is applied. */
  readonly failed: Promise<void>
  readonly #memory: Memory
  readonly #teller: Teller
  #relay: RelayHandle | null = null
  #joining: Joining | null = null

  private constructor(store: Store, { memory, teller }: PeerOptions) {
    this.#memory = memory
    this.#teller = teller
    const newcomers = new Newcomers(
      () => this.db.local.id,
      sentence => teller.line(sentence)
    )
    this.db = new Autobee(store, memory.key, {
      valueEncoding: 'json',
      encryptionKey: memory.encryptionKey === null ? null : b4a.from(memory.encryptionKey, 'hex'),
      apply,
      update: (_, changes) => newcomers.read(changes)
    })
    this.failed = this.#watch()
  }

  /** @throws UserError */
  static async open(store: Store, options: PeerOptions): Promise<BoardPeer> {
    const peer = new BoardPeer(store, options)
    try {
      await peer.db.ready()
      const { key, local } = peer.db
      const isFounder = key !== null && b4a.equals(local.key, key)
      if (!options.memory.joined && !isFounder) throw options.folder.emptied()
      return peer
    } catch (error) {
      await peer.db.close()
      throw explain(error, options.folder)
    }
  }

  /** Makes what is missing of a board that is made here. Resolves to the seed of an invitation that is good, or null. */
  async setUp(): Promise<Uint8Array | null> {
    const { seed, joined } = this.#memory
    const bytes = seed === null ? null : b4a.from(seed, 'hex')
    // what was joined has to come first; until then its link is as good as it was
    return joined && !this.db.writable ? bytes : setUp(this.db, bytes)
  }

  /** @param own address of this process's own relay */
  connect(own: string): void {
    const { joined, seed } = this.#memory
    this.#relay = connectRelay(this.db, [own, ...(joined?.relays ?? [])])
    // the page shows a name beside each connection
    const names = new Names(
      () => this.db.local.key,
      () => {}
    )
    this.#relay.on('peer', peer => names.ask(peer))
    const told = new Set<string>()
    this.#relay.on('error', ({ message, reason }) => {
      const text = `A relay cannot be reached (${reason ?? message}). Trying again until it works.`
      if (!told.has(text)) this.#teller.problem(text)
      told.add(text)
    })
    if (!joined) return
    this.#joining = new Joining(this.db, {
      seed: seed === null ? null : b4a.from(seed, 'hex'),
      teller: this.#teller
    })
    this.#joining.start()
  }

  async close(): Promise<void> {
    await this.#relay?.close()
    await this.#joining?.close()
    await this.db.close()
  }

  #watch(): Promise<void> {
    const { db } = this
    const problem = (sentence: string) => this.#teller.problem(sentence)
    db.on('writer-frozen', ({ key, length, message }) =>
      problem(`Writer ${b4a.toString(key, 'hex')} is not followed from entry ${length} on: ${message}`)
    )
    db.on('conflict', ({ key, isLocal }) =>
      problem(
        isLocal
          ? 'This folder was used in two places, and its log has forked. Join by the link with a new --data.'
          : `The log of writer ${b4a.toString(key, 'hex')} has forked; it is followed no further.`
      )
    )
    return new Promise(resolve => {
      db.on('error', error => {
        problem(
          error.code === 'ENCRYPTION_KEY_MISMATCH'
            ? 'What comes cannot be decrypted: the encryption key of that link is wrong or missing. Copy the whole link, and join with a new --data.'
            : `Something failed, so this peer stops. ${error.message}`
        )
        resolve()
      })
    })
  }
}

/** What went wrong at the start, as a sentence that says what to do. */
function explain(error: unknown, { name }: Folder): unknown {
  if (!AutobeeError.is(error)) return error
  const { code, reason } = error
  const sentences: Partial<Record<string, string>> = {
    STORE_LOCKED: `Another npm start runs on ${name}: open its link, or stop it first. For one more peer choose another folder with --data, and another port with --port.`,
    STORE_CORRUPT: `The store in ${name} is damaged. Restore the folder from a backup; or move it away, and join the board again by a link of another peer with --join.`,
    STORE_FULL: `There is no space left on the disk for ${name}. Make room and start again.`,
    OPTIONS_MISMATCH: `The store in ${name} holds a database of another kind. Choose another folder with --data.`,
    ENCRYPTION_KEY_MISMATCH: `The board in ${name} has another encryption key than its board.json says. Restore that file from a backup.`,
    UPGRADE_REQUIRED: `The board in ${name} was made by a later version of autobee. Update autobee, or choose another --data.`
  }
  const moved =
    reason === 'MOVED' &&
    `The folder ${name} was copied, moved or restored; written in two places, its log would fork. Use the original, or, if no other copy will ever be started again, delete the file CORESTORE in ${name}/store.`
  return new UserError(moved || (sentences[code] ?? `${error.message}.`), { code })
}
