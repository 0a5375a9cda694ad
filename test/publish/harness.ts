import b4a from 'b4a'
import Corestore from 'corestore'
import Hyperbee1 from 'hyperbee'
import type Hypercore from 'hypercore'
import { afterEach, expect } from 'vitest'
import { type Autobee, AutobeeError, type AutobeeOptions, type KeyLike } from '../../src/index.ts'
import { LIMITS, type Published, type PublishOptions, publish } from '../../src/publish/index.ts'
import type { StepLimits } from '../../src/publish/target.ts'
import { connect, contents, openPeer, until } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

type Options = Partial<PublishOptions> & { limits?: StepLimits }

interface Replicates {
  replicate(isInitiator: boolean): Hypercore.ReplicationStream
}

/** Somebody with nothing but Hypercore's own packages. */
export interface Reader {
  readonly bee: Hyperbee1
  readonly core: Hypercore
  readonly store: Corestore
  /** Replicates with a store or a database. Returns what cuts them apart. */
  follow(other: Replicates): () => Promise<void>
}

export class PublishHarness {
  readonly #closing: (() => unknown)[] = []
  readonly #stores: TempStore[] = []
  /** Events `error` of all that is published; a case that expects some empties it. */
  readonly errors: AutobeeError[] = []

  async store(): Promise<TempStore> {
    const store = await tempStore()
    this.#stores.push(store)
    return store
  }

  async peer(
    store: Corestore,
    { key = null, ...options }: AutobeeOptions & { key?: KeyLike | null } = {}
  ): Promise<Autobee> {
    const db = await openPeer(store, key, options)
    this.#closing.push(() => db.close())
    return db
  }

  async open(options: AutobeeOptions & { key?: KeyLike | null } = {}): Promise<Autobee> {
    return this.peer((await this.store()).store, options)
  }

  publish(db: Parameters<typeof publish>[0], { limits, name = 'view', ...options }: Options = {}): Published {
    const all = { name, ...options, ...(limits ? { [LIMITS]: limits } : {}) }
    const published = publish(db, all)
    published.on('error', error => this.errors.push(error))
    this.#closing.push(() => published.close())
    return published
  }

  /** A peer that publishes, all of it done. */
  async published(db: Parameters<typeof publish>[0], options: Options = {}): Promise<Published> {
    const published = this.publish(db, options)
    await published.updated()
    return published
  }

  async reader(key: Uint8Array, options: { encryptionKey?: Uint8Array } = {}): Promise<Reader> {
    const { store } = await this.store()
    return this.readerIn(store, key, options)
  }

  async readerIn(
    store: Corestore,
    key: Uint8Array,
    { encryptionKey }: { encryptionKey?: Uint8Array } = {}
  ): Promise<Reader> {
    const core = store.get({ key, encryption: encryptionKey ? { key: encryptionKey } : null })
    await core.ready()
    const bee = new Hyperbee1(core)
    await bee.ready()
    const cuts: (() => Promise<void>)[] = []
    this.#closing.push(async () => {
      await bee.close()
      for (const cut of cuts) await cut()
    })
    return {
      bee,
      core,
      store,
      follow: other => {
        const cut = connect(store, other)
        cuts.push(cut)
        return cut
      }
    }
  }

  onclose(close: () => unknown): void {
    this.#closing.push(close)
  }

  async clean(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close()
    await Promise.all(this.#stores.splice(0).map(store => store.close()))
    expect(this.errors.splice(0).map(({ code, message }) => [code, message])).toEqual([])
  }
}

export function harness(): PublishHarness {
  const h = new PublishHarness()
  afterEach(() => h.clean())
  return h
}

/** All that a Hyperbee 1 has, as text. */
export async function textsOf(bee: Hyperbee1): Promise<Record<string, string>> {
  const entries: Record<string, string> = {}
  for await (const { key, value } of bee.createReadStream()) entries[b4a.toString(key)] = b4a.toString(value)
  return entries
}

/** What the publisher's own store has under the key of what it publishes. */
export async function storedOf(published: Published): Promise<Record<string, string>> {
  const bee = new Hyperbee1((published.core as Hypercore).session(), { extension: false })
  try {
    return await textsOf(bee)
  } finally {
    await bee.close()
  }
}

/** Waits until the reader has all that is published, then compares it with the view. */
export async function expectFollowed(reader: Reader, published: Published, db: Autobee): Promise<void> {
  await published.updated()
  await until(() => reader.core.length === published.core?.length)
  expect(await textsOf(reader.bee)).toEqual(await contents(db))
}

/** Numbers from 0 to 1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed * 2654435761
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export { AutobeeError, Corestore, connect, contents, Hyperbee1, until }
