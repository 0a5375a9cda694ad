import type { KeyValueReader } from '../../storage/key-value.ts'
import { failsWith, same } from '../assert.ts'
import { begun, bytes, contents, del, delRange, drain, keyOf, put, valueAt } from '../bytes.ts'
import { Model } from '../model.ts'
import type { StorageCase } from '../trial.ts'

async function isLike(reader: KeyValueReader, model: Model, what: string): Promise<void> {
  same(await contents(reader), model.list(), what)
  same(await contents(reader, { reverse: true }), model.list({ reverse: true }), `${what}, backwards`)
  const keys = Array.from({ length: 40 }, (_, i) => keyOf(i))
  same(
    await reader.getMany(keys),
    keys.map(key => model.get(key)),
    `${what}, by keys`
  )
}

export const snapshotCases: readonly StorageCase[] = [
  {
    name: 'a snapshot holds what there was, whatever is put, deleted and deleted by range meanwhile',
    async run(trial) {
      const store = await trial.open()
      const first = Array.from({ length: 30 }, (_, i) => put(keyOf(i), bytes(i)))
      await store.commit(first)
      const model = new Model().after(first)
      const snapshot = store.snapshot()
      await store.commit([put(keyOf(3), bytes(99)), put(keyOf(35), bytes(35)), del(keyOf(4))])
      await isLike(snapshot, model, 'after puts and deletes')
      await store.commit([delRange(keyOf(10), keyOf(20)), put(keyOf(15), bytes(1))])
      await isLike(snapshot, model, 'after a range delete')
      await store.commit([del(keyOf(3)), put(keyOf(3), bytes(98)), put(keyOf(4), bytes(97))])
      await store.commit([delRange(bytes(), bytes(255))])
      await isLike(snapshot, model, 'after all was deleted')
      same(await contents(store), [], 'the store itself')
      snapshot.close()
    }
  },
  {
    name: 'snapshots of different times stand beside each other, and close in any order',
    async run(trial) {
      const store = await trial.open()
      let model = new Model()
      const taken: { snapshot: ReturnType<typeof store.snapshot>; model: Model }[] = []
      for (let i = 0; i < 12; i++) {
        taken.push({ snapshot: store.snapshot(), model })
        const operations = [
          put(keyOf(i), bytes(i)),
          put(keyOf(20), bytes(i)),
          i % 3 === 2 ? delRange(keyOf(i - 2), keyOf(i)) : del(keyOf(i - 1))
        ]
        await store.commit(operations)
        model = model.after(operations)
      }
      for (const i of [5, 0, 11, 6, 1, 10]) taken[i]?.snapshot.close()
      for (const i of [2, 3, 4, 7, 8, 9]) {
        const one = taken[i]
        if (one) await isLike(one.snapshot, one.model, `snapshot ${i}`)
        one?.snapshot.close()
      }
      await isLike(store, model, 'the store itself')
    }
  },
  {
    name: 'a snapshot that was closed rejects with STORE_CLOSED and may be closed again; the store goes on',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      const [snapshot, other] = [store.snapshot(), store.snapshot()]
      snapshot.close()
      snapshot.close()
      await failsWith('STORE_CLOSED', () => snapshot.getMany([keyOf(1)]), 'a read of a closed snapshot')
      await failsWith('STORE_CLOSED', () => snapshot.entries({}).next(1), 'a cursor of a closed snapshot')
      same(await valueAt(other, keyOf(1)), bytes(1), 'another snapshot')
      same(await valueAt(store, keyOf(1)), bytes(1), 'the store')
      other.close()
    }
  },
  {
    name: 'the cursors of a snapshot go on when it is closed',
    async run(trial) {
      const store = await trial.open()
      const operations = Array.from({ length: 100 }, (_, i) => put(keyOf(i), bytes(i)))
      await store.commit(operations)
      const snapshot = store.snapshot()
      const cursor = snapshot.entries({})
      const first = await cursor.next(10)
      snapshot.close()
      await store.commit([delRange(keyOf(0), keyOf(60)), put(keyOf(70), bytes(1))])
      const all = [...first, ...(await drain(cursor))]
      same(all, new Model().after(operations).list(), 'entries of the snapshot')
    }
  },
  {
    name: 'a cursor shows the moment it was made in, forwards and backwards, however late it is read',
    async run(trial) {
      const store = await trial.open()
      const operations = Array.from({ length: 300 }, (_, i) => put(keyOf(i), bytes(i & 255)))
      await store.commit(operations)
      const model = new Model().after(operations)
      for (const reverse of [false, true]) {
        const untouched = store.entries({ reverse })
        const begun = store.entries({ reverse })
        const first = await begun.next(20)
        const late = [
          put(keyOf(150), bytes(9)),
          del(keyOf(200)),
          delRange(keyOf(30), keyOf(90)),
          put(keyOf(400), bytes(1))
        ]
        await store.commit(late)
        same([...first, ...(await drain(begun, 50))], model.list({ reverse }), 'a cursor that was begun')
        same(await drain(untouched, 50), model.list({ reverse }), 'a cursor that was not')
        await store.commit([del(keyOf(400)), ...operations])
      }
    }
  },
  {
    name: 'a cursor may be closed at any time, also while it reads, and twice; later reads reject with STORE_CLOSED',
    async run(trial) {
      const store = await trial.open()
      await store.commit(Array.from({ length: 100 }, (_, i) => put(keyOf(i), bytes(i))))
      for (const reads of [0, 1, 20]) {
        const cursor = store.entries({})
        for (let i = 0; i < reads; i++) await cursor.next(10)
        const reading = cursor.next(10)
        cursor.close()
        cursor.close()
        await reading.catch(() => {})
        await failsWith('STORE_CLOSED', () => cursor.next(1), 'a read of a closed cursor')
      }
      same((await contents(store)).length, 100, 'entries')
    }
  },
  {
    name: 'many cursors and snapshots at once do not disturb each other',
    async run(trial) {
      const store = await trial.open()
      const states: Model[] = []
      const readers: Promise<void>[] = []
      let model = new Model()
      for (let i = 0; i < 40; i++) {
        const operations = [
          put(keyOf(i % 25), bytes(i)),
          delRange(keyOf((i * 7) % 25), keyOf(((i * 7) % 25) + 3))
        ]
        await store.commit(operations)
        model = model.after(operations)
        states.push(model)
        const [cursor, seen, reverse] = [store.entries({ reverse: i % 2 === 0 }), model, i % 2 === 0]
        readers.push(begun(drain(cursor, 3).then(all => same(all, seen.list({ reverse }), `cursor ${i}`))))
      }
      await Promise.all(readers)
      await isLike(store, states.at(-1) as Model, 'the store itself')
    }
  }
]
