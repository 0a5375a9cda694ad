import type Corestore from 'corestore'
import { afterEach } from 'vitest'
import type { KeyLike } from '../../src/index.ts'
import { KeyValue, type KeyValueOptions } from '../../src/kv/index.ts'
import { connect, until } from '../support/peers.ts'
import { type TempStore, tempStore } from '../support/store.ts'

type Options<K, V> = KeyValueOptions<K, V> & { store?: TempStore | Corestore }

/** Opens stores and key-value databases, and closes them after each case. */
export class KeyValueHarness {
  readonly #stores: TempStore[] = []
  readonly #closing: (() => unknown)[] = []

  async store(): Promise<TempStore> {
    const store = await tempStore()
    this.#stores.push(store)
    return store
  }

  /** Not ready yet. */
  make<K = string, V = unknown>(
    store: TempStore | Corestore,
    key: KeyLike | null = null,
    options: KeyValueOptions<K, V> = {}
  ): KeyValue<K, V> {
    const corestore = 'dir' in store ? store.store : store
    const kv = new KeyValue<K, V>(corestore, key, { ackInterval: 0, ...options })
    this.#closing.push(() => kv.close())
    return kv
  }

  async open<K = string, V = unknown>(
    key: KeyLike | null = null,
    { store, ...options }: Options<K, V> = {}
  ): Promise<KeyValue<K, V>> {
    const kv = this.make<K, V>(store ?? (await this.store()), key, options as KeyValueOptions<K, V>)
    await kv.ready()
    return kv
  }

  /** Two peers, connected, both of them writers. Returns what cuts them apart as well. */
  async pair<K = string, V = unknown>(
    options: KeyValueOptions<K, V> = {}
  ): Promise<[KeyValue<K, V>, KeyValue<K, V>, () => Promise<void>]> {
    const a = await this.open<K, V>(null, options)
    const b = await this.open<K, V>(a.key, options)
    const cut = connect(a, b)
    await a.addWriter(b.local.key)
    await until(() => b.writable)
    return [a, b, cut]
  }

  onclose(close: () => unknown): void {
    this.#closing.push(close)
  }

  async clean(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map(close => close()))
    await Promise.all(this.#stores.splice(0).map(store => store.close()))
  }
}

export function harness(): KeyValueHarness {
  const h = new KeyValueHarness()
  afterEach(() => h.clean())
  return h
}

/** All entries, in order. */
export async function entries<K, V>(
  kv: KeyValue<K, V>,
  range?: Parameters<KeyValue<K, V>['list']>[0]
): Promise<[K, V][]> {
  const all: [K, V][] = []
  for await (const { key, value } of kv.list(range)) all.push([key, value])
  return all
}

/** Waits until all of them list the same, and gives that. */
export async function agreed<K, V>(...kvs: KeyValue<K, V>[]): Promise<[K, V][]> {
  let all: [K, V][] = []
  await until(async () => {
    const lists = await Promise.all(kvs.map(kv => entries(kv)))
    all = lists[0] ?? []
    return new Set(lists.map(list => JSON.stringify(list))).size === 1
  })
  return all
}

export { connect, until }
