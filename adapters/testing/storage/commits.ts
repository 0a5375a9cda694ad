import type { KeyValueOperation, KeyValueReader } from '../../storage/key-value.ts'
import { holds, same } from '../assert.ts'
import { begun, bytes, contents, del, delRange, drain, keyOf, put, valueAt } from '../bytes.ts'
import { Model } from '../model.ts'
import type { StorageCase } from '../trial.ts'

const WIDTH = 100

/** Says the same in every key, and changes how many keys there are. */
function generation(number: number): KeyValueOperation[] {
  const value = keyOf(number)
  const operations: KeyValueOperation[] = [delRange(keyOf(0), keyOf(WIDTH))]
  for (let i = 0; i < WIDTH; i++) operations.push(put(keyOf(i), value))
  operations.push(del(keyOf(number % WIDTH)))
  return operations
}

/** Reads it whole, and throws when it is of two generations. */
async function readGeneration(reader: KeyValueReader, reverse: boolean): Promise<number> {
  const entries = await contents(reader, { reverse })
  return generationOf(entries.map(({ value }) => value))
}

function generationOf(values: readonly (Uint8Array | null)[]): number {
  const present = values.filter(value => value !== null)
  if (present.length === 0) return 0
  const numbers = new Set(present.map(([a = 0, b = 0, c = 0]) => (a << 16) | (b << 8) | c))
  same(numbers.size, 1, 'commits seen at once')
  same(present.length, WIDTH - 1, 'entries of a commit seen')
  return [...numbers][0] as number
}

export const commitCases: readonly StorageCase[] = [
  {
    name: 'what was committed is seen by whatever is called after, and nothing before is lost',
    async run(trial) {
      const store = await trial.open()
      let model = new Model()
      for (let i = 0; i < 50; i++) {
        const operations = [put(keyOf(i), bytes(i)), del(keyOf(i - 7)), put(keyOf(100), bytes(i))]
        await store.commit(operations)
        model = model.after(operations)
        same(await valueAt(store, keyOf(100)), bytes(i), 'the value just written')
        same(await contents(store), model.list(), 'all entries')
        const snapshot = store.snapshot()
        same(await contents(snapshot), model.list(), 'all entries of a snapshot')
        snapshot.close()
      }
    }
  },
  {
    name: 'the operations of a commit take effect in their order',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1)), put(keyOf(2), bytes(1)), put(keyOf(3), bytes(1))])
      const operations = [
        del(keyOf(1)),
        put(keyOf(1), bytes(2)),
        put(keyOf(2), bytes(2)),
        put(keyOf(2), bytes(3)),
        put(keyOf(3), bytes(2)),
        del(keyOf(3)),
        put(keyOf(10), bytes(1)),
        put(keyOf(12), bytes(1)),
        delRange(keyOf(10), keyOf(13)),
        put(keyOf(11), bytes(4)),
        put(keyOf(20), bytes(5)),
        put(keyOf(21), bytes(5)),
        delRange(keyOf(20), keyOf(21))
      ]
      await store.commit(operations)
      const expected = [
        { key: keyOf(1), value: bytes(2) },
        { key: keyOf(2), value: bytes(3) },
        { key: keyOf(11), value: bytes(4) },
        { key: keyOf(21), value: bytes(5) }
      ]
      same(await contents(store), expected, 'all entries')
      await store.close()
      same(await contents(await trial.open()), expected, 'all entries when opened again')
    }
  },
  {
    name: 'a range delete takes its start and not its end, nothing outside, and nothing when they cross',
    async run(trial) {
      const store = await trial.open()
      const keys = [bytes(1), bytes(1, 0), bytes(1, 255), bytes(2), bytes(2, 0), bytes(255), bytes(255, 255)]
      const bounds = [bytes(), ...keys, bytes(1, 1), bytes(3), bytes(255, 255, 0)]
      const all = keys.map(key => put(key, key))
      for (const start of bounds) {
        for (const end of bounds) {
          const operations = [...all, delRange(start, end)]
          await store.commit(operations)
          const expected = new Model().after(operations).list()
          same(await contents(store), expected, `what [${start}] to [${end}] leaves`)
        }
      }
    }
  },
  {
    name: 'deleting what is not there is no error, and a commit of nothing does nothing',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      await store.commit([])
      await store.commit([del(keyOf(2)), delRange(keyOf(5), keyOf(9))])
      same(await contents(store), [{ key: keyOf(1), value: bytes(1) }], 'all entries')
    }
  },
  {
    name: 'reads that run while commits do see all of a commit or nothing of it, and never go back',
    async run(trial) {
      const store = await trial.open()
      const keys = Array.from({ length: WIDTH }, (_, i) => keyOf(i))
      let last = 0
      const newer = (number: number) => {
        holds(number >= last, `generation ${number} after ${last} was seen`)
        last = number
      }
      for (let round = 0; round < 10; round++) {
        const commits = [1, 2, 3].map(i => begun(store.commit(generation(round * 3 + i))))
        newer(generationOf(await store.getMany(keys)))
        newer(await readGeneration(store, round % 2 === 0))
        const snapshot = store.snapshot()
        newer(await readGeneration(snapshot, round % 2 === 1))
        await Promise.all(commits)
        same(await readGeneration(snapshot, true), last, 'the snapshot, later')
        same(generationOf(await snapshot.getMany(keys)), last, 'the snapshot, by keys')
        snapshot.close()
        newer(await readGeneration(store, false))
        same(last, round * 3 + 3, 'the generation after all commits')
      }
    }
  },
  {
    name: 'a cursor made while a commit runs shows all of it or nothing of it',
    async run(trial) {
      const store = await trial.open()
      await store.commit(generation(1))
      const commit = begun(store.commit(generation(2)))
      const cursor = store.entries({})
      await commit
      await store.commit(generation(3))
      const entries = await drain(cursor)
      const seen = generationOf(entries.map(({ value }) => value))
      holds(seen === 1 || seen === 2, `the cursor is of generation 1 or 2, not ${seen}`)
    }
  },
  {
    name: 'commits take effect in the order of their calls',
    async run(trial) {
      const store = await trial.open()
      const commits: Promise<void>[] = []
      for (let i = 0; i < 60; i++) {
        commits.push(begun(store.commit([put(keyOf(0), bytes(i)), put(keyOf(1000 + i), bytes(i))])))
        if (i % 10 === 9) commits.push(store.commit([delRange(keyOf(1000), keyOf(1000 + i))]))
      }
      await Promise.all(commits)
      same(await valueAt(store, keyOf(0)), bytes(59), 'the value that all wrote')
      same(
        await contents(store, { start: keyOf(1000) }),
        [{ key: keyOf(1059), value: bytes(59) }],
        'the rest'
      )
    }
  },
  {
    name: 'a commit of 10,000 operations is one like any other, and so is deleting them',
    async run(trial) {
      const store = await trial.open()
      const operations = Array.from({ length: 10_000 }, (_, i) => put(keyOf(i), keyOf(i)))
      await store.commit(operations)
      const expected = new Model(operations.map(({ key, value }) => ({ key, value })))
      same(await drain(store.entries({}), 1000), expected.list(), 'all entries')
      const snapshot = store.snapshot()
      await store.commit([delRange(keyOf(10), keyOf(9990))])
      same((await drain(store.entries({}), 1000)).length, 20, 'entries left')
      same((await drain(snapshot.entries({}), 1000)).length, 10_000, 'entries of the snapshot')
      snapshot.close()
    }
  },
  {
    name: 'bytes that a store gave out stay as they are when others take their place',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1, 1, 1)), put(keyOf(2), bytes(2, 2, 2))])
      const [value] = await store.getMany([keyOf(1)])
      const entries = await contents(store)
      await store.commit([put(keyOf(1), bytes(9, 9, 9)), del(keyOf(2))])
      await store.commit([put(keyOf(2), bytes(8, 8, 8))])
      same(value, bytes(1, 1, 1), 'a value read before')
      same(
        entries,
        [
          { key: keyOf(1), value: bytes(1, 1, 1) },
          { key: keyOf(2), value: bytes(2, 2, 2) }
        ],
        'entries read before'
      )
    }
  },
  {
    name: 'sync resolves after commits, beside commits, and with nothing written',
    async run(trial) {
      const store = await trial.open()
      await store.sync()
      await store.commit([put(keyOf(1), bytes(1))])
      const beside = begun(store.commit([put(keyOf(2), bytes(2))]))
      await Promise.all([store.sync(), store.sync(), beside])
      await store.close()
      same((await contents(await trial.open())).length, 2, 'entries when opened again')
    }
  }
]
