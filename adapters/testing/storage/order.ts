import type { KeyValueRange } from '../../storage/key-value.ts'
import { holds, same } from '../assert.ts'
import { bytes, contents, drain, filled, keyOf, put, valueAt } from '../bytes.ts'
import { Model } from '../model.ts'
import type { StorageCase } from '../trial.ts'

const KEYS = [
  bytes(0),
  bytes(0, 0),
  bytes(0, 255),
  bytes(1),
  bytes(1, 0),
  bytes(127, 255),
  bytes(128),
  bytes(195, 164),
  bytes(255),
  bytes(255, 0),
  bytes(255, 255)
]

/** Out of order, and the last first. */
const SHUFFLED = [...KEYS]
  .sort((a, b) => ((a.length * 7 + (a[0] ?? 0)) % 5) - ((b.length * 7 + (b[0] ?? 0)) % 5))
  .reverse()

const BOUNDS = [
  undefined,
  bytes(),
  ...KEYS,
  bytes(0, 1),
  bytes(2),
  bytes(200),
  bytes(255, 255, 0),
  filled(1025, 255)
]

export const orderCases: readonly StorageCase[] = [
  {
    name: 'keys are in the order of their unsigned bytes, a prefix first, and backwards with reverse',
    async run(trial) {
      const store = await trial.open()
      await store.commit(SHUFFLED.map(key => put(key, key)))
      const expected = KEYS.map(key => ({ key, value: key }))
      same(await contents(store), expected, 'all entries')
      same(await contents(store, { reverse: true }), expected.reverse(), 'all entries backwards')
    }
  },
  {
    name: 'a range has its start and not its end, whether or not these are keys, and is empty when they cross',
    async run(trial) {
      const store = await trial.open()
      const operations = KEYS.map(key => put(key, bytes(key.length)))
      await store.commit(operations)
      const model = new Model().after(operations)
      for (const start of BOUNDS) {
        for (const end of BOUNDS) {
          for (const reverse of [false, true]) {
            const range: KeyValueRange = { start, end, reverse }
            same(await contents(store, range), model.list(range), `entries of ${name(range)}`)
          }
        }
      }
    }
  },
  {
    name: 'keys may be 1 and 1,024 bytes long, of any bytes',
    async run(trial) {
      const store = await trial.open()
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      const keys = [bytes(7), every, filled(1023, 255), filled(1024, 255)]
      await store.commit(keys.map((key, i) => put(key, bytes(i))))
      same(await store.getMany(keys), [bytes(0), bytes(1), bytes(2), bytes(3)], 'values')
      const listed = (await contents(store)).map(({ key }) => key)
      same(listed, [every, bytes(7), filled(1023, 255), filled(1024, 255)], 'keys')
      const between = { start: filled(1023, 255), end: filled(1024, 255) }
      same((await contents(store, between)).length, 1, 'entries between the longest')
    }
  },
  {
    name: 'a value may be empty, which is not the same as none',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes())])
      same(await store.getMany([keyOf(1), keyOf(2)]), [bytes(), null], 'values')
      const [value] = await store.getMany([keyOf(1)])
      holds(value instanceof Uint8Array, 'bytes for an empty value')
      same(await contents(store), [{ key: keyOf(1), value: bytes() }], 'entries')
    }
  },
  {
    name: 'a value of 64 MiB comes back as it was',
    async run(trial) {
      const store = await trial.open()
      const value = new Uint8Array(64 * 1024 * 1024)
      for (let i = 0; i < value.length; i += 4093) value[i] = i % 251
      await store.commit([put(keyOf(1), value), put(keyOf(2), bytes(2))])
      isLike(await valueAt(store, keyOf(1)), value)
      await store.close()
      const again = await trial.open()
      isLike(await valueAt(again, keyOf(1)), value)
      same(await valueAt(again, keyOf(2)), bytes(2), 'the value beside it')
    }
  },
  {
    name: 'a view into a larger buffer is stored as the view alone',
    async run(trial) {
      const store = await trial.open()
      const slab = Uint8Array.from({ length: 64 }, (_, i) => i)
      const [key, value] = [slab.subarray(8, 12), slab.subarray(20, 23)]
      await store.commit([put(key, value)])
      same(await contents(store), [{ key: bytes(8, 9, 10, 11), value: bytes(20, 21, 22) }], 'entries')
      same(await valueAt(store, slab.subarray(8, 12)), bytes(20, 21, 22), 'the value')
    }
  },
  {
    name: 'many keys are read at once: up to 1,024, each in its place, also twice, also none',
    async run(trial) {
      const store = await trial.open()
      const numbers = Array.from({ length: 1024 }, (_, i) => i)
      await store.commit(numbers.filter(i => i % 3 !== 0).map(i => put(keyOf(i), keyOf(i))))
      const keys = numbers.map(i => keyOf((i * 389) % 700))
      const expected = numbers.map(i => (((i * 389) % 700) % 3 === 0 ? null : keyOf((i * 389) % 700)))
      same(await store.getMany(keys), expected, 'values')
      same(await store.getMany([]), [], 'values of no keys')
    }
  },
  {
    name: 'a cursor gives as many entries as there are and no more than asked for, and none at its end',
    async run(trial) {
      const store = await trial.open()
      const operations = Array.from({ length: 1000 }, (_, i) => put(keyOf(i), keyOf(i)))
      await store.commit(operations)
      const expected = new Model().after(operations)
      for (const limit of [1, 3, 64, 999, 1000, 5000]) {
        for (const reverse of [false, true]) {
          const all = await drain(store.entries({ reverse }), limit)
          same(all, expected.list({ reverse }), `entries by ${limit}`)
        }
      }
      const cursor = store.entries({ start: keyOf(998) })
      const first = await cursor.next(1)
      same(first.length, 1, 'entries of next(1)')
      same((await cursor.next(5)).length, 1, 'entries left')
      same(await cursor.next(5), [], 'entries at the end')
      same(await cursor.next(5), [], 'entries after the end')
      cursor.close()
    }
  }
]

function name({ start, end, reverse }: KeyValueRange): string {
  return `[${start?.join(' ').slice(0, 20)}, ${end?.join(' ').slice(0, 20)})${reverse ? ' backwards' : ''}`
}

/** Byte by byte would take long where this runs without a compiler. */
function isLike(actual: Uint8Array | null, expected: Uint8Array): void {
  same(actual?.length, expected.length, 'length')
  for (let i = 0; i < expected.length; i += 4093) {
    if (actual?.[i] !== expected[i]) same(actual?.[i], expected[i], `byte ${i}`)
  }
  same(actual?.at(-1), expected.at(-1), 'the last byte')
}
