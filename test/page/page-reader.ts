/** A peer in Node that reads a board along, over its relay. */
import { connectRelay, type RelayHandle } from '../../adapters/transport/websocket.ts'
import { apply } from '../../demo/board/apply.ts'
import { keyOf } from '../../demo/board/key-text.ts'
import { readLists, readRows } from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import { Autobee } from '../../src/index.ts'
import { type TempStore, tempStore } from '../support/store.ts'

export class PageReader {
  readonly db: Autobee
  readonly #temp: TempStore
  readonly #relay: RelayHandle

  /** @param address of the open board's page */
  static async follow(address: string): Promise<PageReader> {
    const { hash } = new URL(address)
    const key = keyOf(new URLSearchParams(hash.slice(1)).get('key'))
    if (!key) throw new Error(`no board is open at ${address}`)
    const temp = await tempStore()
    const db = new Autobee(temp.store, key, { apply, valueEncoding: 'json' })
    await db.ready()
    const url = new URL('/relay', address).href.replace(/^http/, 'ws')
    return new PageReader(db, { temp, relay: connectRelay(db, url) })
  }

  private constructor(db: Autobee, { temp, relay }: { temp: TempStore; relay: RelayHandle }) {
    this.db = db
    this.#temp = temp
    this.#relay = relay
  }

  /** All items of the board, from the top. */
  async texts(): Promise<string[]> {
    const view = this.db.view.snapshot()
    const texts: string[] = []
    for (const { id } of await readLists(view)) {
      for (const { text } of await readRows(view, id, { limit: 100_000 })) texts.push(text)
    }
    return texts
  }

  /** The texts of all entries that add an item, in the merged order: also of those that changed nothing. */
  async added(): Promise<string[]> {
    const added: string[] = []
    for await (const { values } of this.db.order()) {
      for (const op of values as Op[]) if (op.op === 'item') added.push(op.text)
    }
    return added
  }

  async close(): Promise<void> {
    await this.#relay.close()
    await this.db.close()
    await this.#temp.close()
  }
}
