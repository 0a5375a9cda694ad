import { describe, expect, test } from 'vitest'
import type { KeyValueOperation, KeyValueStore } from '../../../adapters/storage/key-value.ts'
import { memory } from '../../../adapters/storage/memory.ts'
import { ColumnFamily, RocksDB } from '../../../adapters/storage/rocksdb/index.ts'
import { bytes, contents, filled, keyOf } from '../../../adapters/testing/bytes.ts'
import { AutobeeError } from '../../../src/index.ts'

interface Watched extends KeyValueStore {
  /** Numbers of operations of the commits that were begun. */
  readonly commits: number[]
  /** Commits begun from now on wait for the returned function. */
  hold(): () => void
  /** Bytes that a commit may have. */
  room: number
  syncs: number
}

/** The real store in memory, whose commits can be counted, held up and refused. */
async function watched(): Promise<Watched> {
  const store = await memory().openKeyValue()
  let held: Promise<void> | null = null
  const wrapped: Watched = {
    commits: [],
    room: Number.POSITIVE_INFINITY,
    syncs: 0,
    hold() {
      let release = () => {}
      held = new Promise(resolve => {
        release = resolve
      })
      return () => {
        held = null
        release()
      }
    },
    async commit(operations) {
      wrapped.commits.push(operations.length)
      if (held) await held
      const size = operations.reduce((sum, operation) => sum + sizeOf(operation), 0)
      if (size > wrapped.room) throw new AutobeeError('STORE_FULL', 'no room')
      await store.commit(operations)
    },
    async sync() {
      wrapped.syncs++
      await store.sync()
    },
    getMany: keys => store.getMany(keys),
    entries: range => store.entries(range),
    snapshot: () => store.snapshot(),
    close: () => store.close()
  }
  return wrapped
}

function sizeOf(operation: KeyValueOperation): number {
  return operation.type === 'put' ? operation.value.length : 0
}

async function opened(): Promise<{ store: Watched; database: RocksDB }> {
  const store = await watched()
  const database = RocksDB.on(store)
  await database.ready()
  return { store, database }
}

/** A Buffer in Node. */
function plain(value: Uint8Array | null): Uint8Array | null {
  return value && new Uint8Array(value)
}

function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    error => error.code
  )
}

describe('group commit', () => {
  test('batches of the same moment, and those that come while a commit runs, go out together', async () => {
    const { store, database } = await opened()
    await Promise.all([1, 2, 3].map(i => database.put(keyOf(i), bytes(i))))
    expect(store.commits).toEqual([3])
    const release = store.hold()
    const first = database.put(keyOf(4), bytes(4))
    await Promise.resolve()
    expect(store.commits).toEqual([3, 1])
    const rest = [5, 6, 7, 8].map(i => database.put(keyOf(i), bytes(i)))
    await Promise.resolve()
    expect(store.commits).toEqual([3, 1])
    release()
    await Promise.all([first, ...rest])
    expect(store.commits).toEqual([3, 1, 4])
    await database.close()
  })

  test('joined, they stay in their order, and below a bound', async () => {
    const { store, database } = await opened()
    const release = store.hold()
    const writes = [database.put(keyOf(0), bytes(0))]
    await Promise.resolve()
    for (let i = 1; i <= 30; i++) {
      const batch = database.write({ autoDestroy: true })
      for (let j = 0; j < 200; j++) batch.tryPut(keyOf(j), keyOf(i))
      writes.push(batch.flush())
    }
    release()
    await Promise.all(writes)
    expect(store.commits.length).toBeLessThan(10)
    expect(Math.max(...store.commits)).toBeLessThanOrEqual(2048)
    expect(store.commits.reduce((sum, n) => sum + n)).toBe(6001)
    expect(plain(await database.get(keyOf(7)))).toEqual(keyOf(30))
    await database.close()
  })

  test('one too large for the room that is left does not take the others with it', async () => {
    const { store, database } = await opened()
    store.room = 1000
    const release = store.hold()
    const first = database.put(keyOf(0), bytes(0))
    await Promise.resolve()
    const results = [
      database.put(keyOf(1), filled(10, 1)),
      database.put(keyOf(2), filled(5000, 2)),
      database.put(keyOf(3), filled(10, 3)),
      database.put(keyOf(1), filled(10, 4))
    ].map(code)
    release()
    await first
    expect(await Promise.all(results)).toEqual(['resolved', 'STORE_FULL', 'resolved', 'resolved'])
    expect((await contents(store)).map(({ key }) => key[2])).toEqual([0, 1, 3])
    expect((await database.get(keyOf(1)))?.[0]).toBe(4)
    await database.close()
  })

  test('an error of the store reaches each batch of the group as it is', async () => {
    const { store, database } = await opened()
    const error = new AutobeeError('STORE_LOCKED', 'somebody else has it', { reason: 'TAKEN_OVER' })
    store.commit = () => Promise.reject(error)
    const batch = database.write({ autoDestroy: true })
    const put = batch.put(keyOf(1), bytes(1)).catch(reason => reason)
    const flush = batch.flush().catch(reason => reason)
    const other = database.delete(keyOf(2)).catch(reason => reason)
    expect(await Promise.all([put, flush, other])).toEqual([error, error, error])
    await database.close()
  })
})

describe('the stand-in', () => {
  test('bytes are copied on the way in, when they are handed over', async () => {
    const { store, database } = await opened()
    const slab = new Uint8Array(64).fill(1)
    const batch = database.write({ autoDestroy: true })
    batch.tryPut(slab.subarray(4, 8), slab.subarray(8, 16))
    slab.fill(2)
    await batch.flush()
    slab.fill(3)
    const [entry] = await contents(store)
    expect(entry).toEqual({ key: new Uint8Array(4).fill(1), value: new Uint8Array(8).fill(1) })
    expect([entry?.key.buffer.byteLength, entry?.value.buffer.byteLength]).toEqual([4, 8])
    await database.close()
  })

  test('bytes are copied on the way out: whoever gets them may change them', async () => {
    const { database } = await opened()
    await database.put(keyOf(1), filled(12, 1))
    const snapshot = database.snapshot()
    const take = async () => [
      await database.get(keyOf(1)),
      await snapshot.get(keyOf(1)),
      (await database.peek())?.value
    ]
    for (const value of await take()) {
      expect(value?.byteOffset).toBe(0)
      expect(new Uint32Array(value?.buffer as ArrayBuffer).length).toBe(3)
      value?.fill(9)
    }
    for (const value of await take()) expect([...(value ?? [])]).toEqual([...filled(12, 1)])
    await snapshot.close()
    await database.close()
  })

  test('any number of keys is read in one batch, all of one moment', async () => {
    const { database } = await opened()
    const count = 2500
    const write = (value: number) => {
      const batch = database.write({ autoDestroy: true })
      for (let i = 0; i < count; i++) batch.tryPut(keyOf(i), bytes(value))
      return batch.flush()
    }
    await write(1)
    const batch = database.read({ autoDestroy: true })
    const gets = Array.from({ length: count }, (_, i) => batch.get(keyOf(i)))
    batch.tryFlush()
    await write(2)
    const values = await Promise.all(gets)
    expect(new Set(values.map(value => value?.[0]))).toEqual(new Set([1]))
    expect(values.length).toBe(count)
    await database.close()
  })

  test('a key or a value that no store has room for rejects with INVALID_ARGUMENT, and closing goes on', async () => {
    const { database } = await opened()
    expect(await code(database.put(new Uint8Array(0), bytes(1)))).toBe('INVALID_ARGUMENT')
    expect(await code(database.put(filled(1025, 1), bytes(1)))).toBe('INVALID_ARGUMENT')
    expect(await code(database.put(keyOf(1), new Uint8Array(64 * 1024 * 1024 + 1)))).toBe('INVALID_ARGUMENT')
    expect(await code(database.delete(filled(1025, 1)))).toBe('INVALID_ARGUMENT')
    expect(await database.get(filled(1025, 1))).toBeNull()
    expect(await database.peek()).toBeNull()
    await database.close()
  })

  test('closed, everything rejects or throws with STORE_CLOSED', async () => {
    const { database } = await opened()
    const session = database.session()
    await session.close()
    for (const closed of [session, database]) {
      if (closed === database) await database.close()
      expect(await code(closed.get(keyOf(1)))).toBe('STORE_CLOSED')
      expect(await code(closed.put(keyOf(1), null))).toBe('STORE_CLOSED')
      expect(await code(closed.flush())).toBe('STORE_CLOSED')
      for (const work of [() => closed.read(), () => closed.write(), () => closed.session()])
        expect(work).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
    }
  })

  test('flush is the sync of the store; suspended, nothing is committed, read or synced', async () => {
    const { store, database } = await opened()
    await database.put(keyOf(1), bytes(1))
    await database.flush()
    expect(store.syncs).toBe(1)
    await database.suspend()
    const waiting = [database.put(keyOf(2), bytes(2)), database.flush(), database.get(keyOf(2))]
    for (let i = 0; i < 100; i++) await Promise.resolve()
    expect([store.commits, store.syncs]).toEqual([[1], 1])
    await database.resume()
    await Promise.all(waiting)
    expect([store.commits, store.syncs]).toEqual([[1, 1], 2])
    await database.close()
  })

  test('suspending waits for the commit that runs', async () => {
    const { store, database } = await opened()
    const release = store.hold()
    const put = database.put(keyOf(1), bytes(1))
    await Promise.resolve()
    let isSuspended = false
    const suspending = database.suspend().then(() => {
      isSuspended = true
    })
    for (let i = 0; i < 100; i++) await Promise.resolve()
    expect(isSuspended).toBe(false)
    release()
    await Promise.all([put, suspending])
    await database.resume()
    await database.close()
  })

  test('one snapshot is shared by the sessions of it, and closed with the last of them', async () => {
    const { store, database } = await opened()
    await database.put(keyOf(1), bytes(1))
    let open = 0
    const take = store.snapshot.bind(store)
    store.snapshot = () => {
      open++
      const snapshot = take()
      const close = snapshot.close.bind(snapshot)
      snapshot.close = () => {
        open--
        close()
      }
      return snapshot
    }
    const first = database.snapshot()
    const second = first.session()
    const third = second.snapshot()
    expect(open).toBe(1)
    await database.put(keyOf(1), bytes(2))
    await first.close()
    await third.close()
    const reading = second.get(keyOf(1))
    await second.close()
    expect(plain(await reading)).toEqual(bytes(1))
    // the batch has let it go as well
    await Promise.resolve()
    expect(open).toBe(0)
    await database.close()
  })

  test('there is one column family; a second name is refused', async () => {
    const { database } = await opened()
    const cores = database.columnFamily(new ColumnFamily('cores'))
    await cores.put(keyOf(1), bytes(1))
    expect(plain(await database.columnFamily('cores').get(keyOf(1)))).toEqual(bytes(1))
    expect(() => database.columnFamily('others')).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }))
    await database.close()
  })

  test('its path is nobody else’s', async () => {
    const paths = await Promise.all(Array.from({ length: 5 }, async () => (await opened()).database.path))
    expect(new Set(paths).size).toBe(5)
    for (const path of paths) expect(path).toMatch(/^\/autobee-[0-9a-f]{32}\/db$/)
  })
})
