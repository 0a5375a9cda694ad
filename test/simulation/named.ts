import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { contents, op, openPeer, until } from '../support/peers.ts'
import { Random } from './random.ts'
import type { Runtime } from './world.ts'

/** What random worlds met too seldom to rely on a seed for it. */
export function defineNamed(runtime: Runtime): void {
  test('setLocal that takes tentative units out of the order lasts, and is told as changes', async () => {
    const random = new Random(1)
    const disk = await runtime.createDisk(random.bytes(32))
    const store = await disk.open()
    const database = crypto.keyPair(random.bytes(32)).publicKey
    const copy: Record<string, string> = {}
    const update = async (
      _: unknown,
      changes: AsyncIterable<{ key: Uint8Array; after: Uint8Array | null }>
    ) => {
      for await (const { key, after } of changes) {
        if (after) copy[b4a.toString(key)] = b4a.toString(after)
        else delete copy[b4a.toString(key)]
      }
    }
    try {
      const db = await openPeer(store, database, { update })
      await db.append(op({ ack: true, put: { tentative: 1 } }), { optimistic: true })
      await until(() => copy.tentative === '1')
      await db.setLocal(crypto.keyPair(random.bytes(32)))
      const { id } = db.local
      await until(() => Object.keys(copy).length === 0)
      expect(await contents(db)).toEqual({})
      await db.close()
      const again = await openPeer(store, database)
      expect(again.local.id).toBe(id)
      expect(await contents(again)).toEqual({})
      await again.close()
    } finally {
      await store.close()
      await disk.destroy()
    }
  })
}
