import crypto from 'hypercore-crypto'
import { tell, typedEmitter } from '../../../src/events.ts'
import { AutobeeError, type KeyLike, type KeyPair } from '../../../src/index.ts'
import { toKey } from '../../../src/keys.ts'
import type { RelayState } from '../handle.ts'
import type { RelayHandle } from '../relay/client/options.ts'
import { onTargetClose, targetClosed } from '../target.ts'
import { connectRelay } from '../websocket.ts'
import { type DatabaseInfo, MirrorHost } from './host.ts'
import type { MirrorRefusal } from './messages.ts'
import type { MirrorSettings } from './options.ts'

/** All repeat. Nobody need listen to any of them. */
export interface MirrorEvents {
  /** A database was asked for that was not here. */
  database: [{ readonly id: string; readonly key: Uint8Array }]
  /** Everything of the database that is known to exist is here; again whenever it has grown. */
  complete: [{ readonly id: string; readonly key: Uint8Array }]
  /** Nobody wants the database any more, and its storage is freed. */
  forgotten: [{ readonly id: string; readonly key: Uint8Array }]
  /**
   * A peer was refused: `NOT_ALLOWED`, before anything was replicated with it (then `id` is null); or something that it
   * asked for, for the database `id`.
   */
  refused: [
    {
      readonly publicKey: Uint8Array
      readonly reason: MirrorRefusal | 'NOT_ALLOWED'
      readonly id: string | null
    }
  ]
  /** The status of one of the relays changed. */
  relay: [RelayState]
  /**
   * `TRANSPORT_FAILED`: as of `connectRelay`. `CONFLICT`: a core has two versions, and stays as it is here. `STORE_FAILED`:
   * something that was asked for was not done. `CLOSED`: the store was closed, and so is the mirror.
   */
  error: [AutobeeError]
}

/** What {@link createMirror} gives. */
export interface MirrorHandle {
  /** 32 bytes, the same whenever it is started on the same store. Peers find it by this. */
  readonly publicKey: Uint8Array
  readonly databases: readonly DatabaseInfo[]
  readonly relays: readonly RelayState[]
  on<K extends keyof MirrorEvents>(event: K, listener: (...args: MirrorEvents[K]) => void): this
  once<K extends keyof MirrorEvents>(event: K, listener: (...args: MirrorEvents[K]) => void): this
  off<K extends keyof MirrorEvents>(event: K, listener: (...args: MirrorEvents[K]) => void): this
  /**
   * Forgets a database, whoever asked for it, and frees its storage. Resolves to false when it is not here. A peer that is still
   * allowed may ask for it again: it does so when it connects again.
   * @param database its key
   * @throws AutobeeError `INVALID_KEY`, `CLOSED`
   */
  forget(database: KeyLike): Promise<boolean>
  /** Ends every connection; idempotent. What is mirrored stays in the store, which stays open. */
  close(): Promise<void>
}

/**
 * On the relays twice: under its own public key for those who ask, whom it must know; and under the topics of its databases for
 * everybody, as any other peer.
 */
export class MirrorServer extends typedEmitter<MirrorEvents>() implements MirrorHandle {
  readonly publicKey: Uint8Array
  readonly #host: MirrorHost
  readonly #asked: RelayHandle
  readonly #offered: RelayHandle
  readonly #unwatch: () => void
  #closing: Promise<void> | null = null

  private constructor(
    host: MirrorHost,
    { settings, keyPair }: { settings: MirrorSettings; keyPair: KeyPair }
  ) {
    super()
    this.publicKey = keyPair.publicKey
    this.#host = host
    const { relays, connection, store, isAllowed } = settings
    // several databases of one store come with one public key, over a handle each
    const common = { ...connection, keyPair, duplicates: true }
    this.#offered = connectRelay(host, relays, {
      ...common,
      topics: host.databases.map(({ discoveryKey }) => discoveryKey)
    })
    this.#asked = connectRelay(host, relays, {
      ...common,
      topics: [this.publicKey],
      allow: async publicKey => {
        const isKnown = (await isAllowed(publicKey)) === true
        if (!isKnown) this.#tell('refused', { publicKey, reason: 'NOT_ALLOWED', id: null })
        return isKnown
      }
    })
    for (const handle of [this.#asked, this.#offered]) handle.on('error', error => this.#fail(error))
    this.#asked.on('relay', state => this.#tell('relay', state))
    host.on('database', database => {
      this.#offered.join(crypto.discoveryKey(database.key))
      this.#tell('database', database)
    })
    host.on('forgotten', database => {
      this.#offered.leave(crypto.discoveryKey(database.key))
      this.#tell('forgotten', database)
    })
    host.on('complete', database => this.#tell('complete', database))
    host.on('refused', refused => this.#tell('refused', refused))
    host.on('error', error => this.#fail(error))
    this.#unwatch = onTargetClose(store, () => {
      this.#fail(targetClosed())
      this.close()
    })
  }

  /** @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`, `STORE_LOCKED`, `STORE_CORRUPT`, `UPGRADE_REQUIRED` */
  static async open(settings: MirrorSettings): Promise<MirrorServer> {
    const { store, limits, isAllowed } = settings
    try {
      await store.ready()
      const keyPair = await (store.root ?? store).createKeyPair('autobee/identity')
      const host = await MirrorHost.open({ ...limits, store, isAllowed })
      try {
        return new MirrorServer(host, { settings, keyPair })
      } catch (error) {
        await host.close()
        throw error
      }
    } catch (error) {
      if (AutobeeError.is(error) || !(store.closing || store.root?.closing)) throw error
      throw targetClosed(error)
    }
  }

  get databases(): readonly DatabaseInfo[] {
    return this.#host.databases
  }

  get relays(): readonly RelayState[] {
    return this.#asked.relays
  }

  async forget(database: KeyLike): Promise<boolean> {
    return this.#host.forget(toKey(database))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // a listener that closes inside an event finds the handle closing
    await Promise.resolve()
    this.#unwatch()
    await Promise.all([this.#asked.close(), this.#offered.close()])
    await this.#host.close()
  }

  #fail(error: AutobeeError): void {
    if (!this.#closing) this.#tell('error', error)
  }

  #tell<K extends keyof MirrorEvents>(event: K, ...args: MirrorEvents[K]): void {
    tell<MirrorEvents, K>(this, event, ...args)
  }
}
