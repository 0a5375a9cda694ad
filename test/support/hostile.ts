import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import Wakeup from 'protomux-wakeup'
import { type Entry, encodeEntry } from '../../src/oplog/entry.ts'

/** What a test database's own peers give and take; a hostile one too. */
interface Replicates {
  replicate(isInitiator: boolean): Hypercore.ReplicationStream
}

/**
 * Somebody who knows a database's key and speaks its protocols, but writes whatever it likes: a plain oplog in a store
 * of its own, and the wakeup protocol to tell of it.
 */
export class Hostile {
  readonly store: Corestore
  readonly core: Hypercore
  readonly #wakeup = new Wakeup()
  readonly #session: Wakeup.Session
  readonly #streams: Hypercore.ReplicationStream[] = []
  /** Told to whoever asks; default: its one oplog. */
  announcement: () => Wakeup.Writer[] = () => [{ key: this.core.key, length: this.core.length }]

  private constructor(store: Corestore, core: Hypercore, databaseKey: Uint8Array) {
    this.store = store
    this.core = core
    this.#session = this.#wakeup.session(databaseKey, {
      discoveryKey: crypto.discoveryKey(databaseKey),
      onlookup: (_, peer, session) => {
        const writers = this.announcement().filter(writer => writer.length > 0)
        if (writers.length > 0) session.announce(peer, writers)
      }
    })
  }

  static async open(
    store: Corestore,
    databaseKey: Uint8Array,
    options: { encryptionKey?: Uint8Array; keyPair?: Hypercore.KeyPair; name?: string } = {}
  ): Promise<Hostile> {
    const encryption = options.encryptionKey ? { key: options.encryptionKey } : null
    const own = options.keyPair
      ? {
          keyPair: options.keyPair,
          manifest: { version: 1, signers: [{ publicKey: options.keyPair.publicKey }] }
        }
      : { name: options.name ?? 'oplog' }
    const core = store.get({ ...own, encryption })
    await core.ready()
    return new Hostile(store, core, databaseKey)
  }

  get key(): Uint8Array {
    return this.core.key
  }

  /** Appends entries as one block each, taken as they are given. */
  async write(...entries: Partial<Entry>[]): Promise<void> {
    const { key, length } = this.core
    await this.writeRaw(...entries.map((entry, i) => block(entry, { core: key, index: length + i })))
  }

  async writeRaw(...blocks: Uint8Array[]): Promise<void> {
    await this.core.append(blocks)
    this.announce()
  }

  announce(): void {
    const writers = this.announcement().filter(writer => writer.length > 0)
    if (writers.length === 0) return
    for (const peer of this.#session.peers) this.#session.announce(peer, writers)
  }

  replicate(isInitiator: boolean): Hypercore.ReplicationStream {
    const stream = this.store.replicate(isInitiator)
    this.#streams.push(stream)
    this.#wakeup.addStream(stream)
    return stream
  }

  async close(): Promise<void> {
    this.#session.destroy()
    this.#wakeup.destroy()
    for (const stream of this.#streams) stream.destroy()
    await this.core.close()
  }
}

/** An entry as one block, with nothing checked. */
export function block(entry: Partial<Entry>, at: { core: Uint8Array; index: number }): Uint8Array {
  const whole: Entry = {
    timestamp: Date.now(),
    batch: { start: 0, end: 0 },
    optimistic: false,
    ack: false,
    links: [],
    value: null,
    origin: null,
    checkpoint: null,
    ...entry
  }
  return encodeEntry(whole, at).block
}

export type { Replicates }
