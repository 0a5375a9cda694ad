import { failsWith, holds, same } from '../assert.ts'
import { begun, bytes, contents, del, delRange, keyOf, put, valueAt } from '../bytes.ts'
import { Model } from '../model.ts'
import type { StorageCase } from '../trial.ts'

export const lifecycleCases: readonly StorageCase[] = [
  {
    name: 'a fresh place is empty and has a name',
    async run(trial) {
      holds(trial.place.adapter.name.length > 0, 'the adapter has a name')
      const store = await trial.open()
      same(await contents(store), [], 'entries')
      same(await store.getMany([keyOf(1)]), [null], 'values')
    }
  },
  {
    name: 'what was committed is there again when the place is opened again',
    async run(trial) {
      let model = new Model()
      for (let round = 0; round < 4; round++) {
        const store = await trial.open()
        same(await contents(store), model.list(), `entries at the start of round ${round}`)
        const commits = [
          Array.from({ length: 40 }, (_, i) => put(keyOf(round * 20 + i), bytes(round, i))),
          [del(keyOf(round * 20 + 3)), put(keyOf(round * 20 + 4), bytes())],
          [delRange(keyOf(round * 20 + 10), keyOf(round * 20 + 15))]
        ]
        for (const operations of commits) {
          await store.commit(operations)
          model = model.after(operations)
        }
        await store.close()
      }
      same(await contents(await trial.open()), model.list(), 'entries at the end')
    }
  },
  {
    name: 'a place is open once: a second opening rejects with STORE_LOCKED and disturbs nothing',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      await failsWith('STORE_LOCKED', () => trial.open(), 'a second opening')
      await failsWith('STORE_LOCKED', () => trial.open({ wait: false }), 'a third opening')
      await store.commit([put(keyOf(2), bytes(2))])
      same((await contents(store)).length, 2, 'entries')
      await store.close()
      same((await contents(await trial.open())).length, 2, 'entries when opened again')
    }
  },
  {
    name: 'an opening that waits comes when the owner closes, one after the other, and sees what was committed',
    async run(trial) {
      const first = await trial.open()
      let open = 1
      const useInTurn = async (i: number) => {
        const store = await trial.open({ wait: true })
        same(++open, 1, 'owners at once')
        const before = await contents(store)
        await store.commit([put(keyOf(i), bytes(i))])
        open--
        await store.close()
        return before.length
      }
      const waiting = [1, 2, 3].map(i => begun(useInTurn(i)))
      await first.commit([put(keyOf(9), bytes(9))])
      open--
      await first.close()
      const seen = await Promise.all(waiting)
      same(seen.sort(), [1, 2, 3], 'entries that each found')
      same((await contents(await trial.open({ wait: true }))).length, 4, 'entries at the end')
    }
  },
  {
    name: 'an option that cannot be honoured rejects with NOT_SUPPORTED and leaves nothing locked',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      await store.close()
      const reader = await trial.open({ readOnly: true }).catch(async error => {
        await failsWith('NOT_SUPPORTED', () => Promise.reject(error), 'opening to read only')
        return null
      })
      if (reader) same(await valueAt(reader, keyOf(1)), bytes(1), 'a value read only')
      await reader?.close()
      same((await contents(await trial.open())).length, 1, 'entries')
    }
  },
  {
    name: 'closing lets come to its end what was called before',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(0), bytes(0))])
      const commits = Array.from({ length: 20 }, (_, i) => begun(store.commit([put(keyOf(i), bytes(i))])))
      const reads = [
        begun(store.getMany([keyOf(0)])),
        contents(store).catch(() => null),
        begun(store.sync())
      ] as const
      await store.close()
      await Promise.all(commits)
      same(await reads[0], [bytes(0)], 'a value that was being read')
      await Promise.all(reads)
      same((await contents(await trial.open())).length, 20, 'entries when opened again')
    }
  },
  {
    name: 'a store may be closed again, at the same time and later',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      await Promise.all([store.close(), store.close()])
      await store.close()
      const next = await trial.open()
      // the old one has nothing to give free any more
      await store.close()
      await failsWith('STORE_LOCKED', () => trial.open(), 'a second opening')
      same((await contents(next)).length, 1, 'entries')
    }
  },
  {
    name: 'after close everything rejects, or throws, with STORE_CLOSED, what was open before too',
    async run(trial) {
      const store = await trial.open()
      await store.commit(Array.from({ length: 50 }, (_, i) => put(keyOf(i), bytes(i))))
      const [snapshot, cursor, begun] = [store.snapshot(), store.entries({}), store.entries({})]
      const late = snapshot.entries({})
      await begun.next(3)
      await store.close()
      await failsWith('STORE_CLOSED', () => store.commit([put(keyOf(99), bytes(1))]), 'commit')
      await failsWith('STORE_CLOSED', () => store.commit([]), 'commit of nothing')
      await failsWith('STORE_CLOSED', () => store.sync(), 'sync')
      await failsWith('STORE_CLOSED', () => store.getMany([keyOf(1)]), 'getMany')
      await failsWith('STORE_CLOSED', () => store.entries({}).next(1), 'entries')
      await failsWith('STORE_CLOSED', () => store.snapshot().getMany([keyOf(1)]), 'snapshot')
      await failsWith('STORE_CLOSED', () => snapshot.getMany([keyOf(1)]), 'getMany of a snapshot')
      await failsWith('STORE_CLOSED', () => snapshot.entries({}).next(1), 'entries of a snapshot')
      for (const one of [cursor, begun, late]) await failsWith('STORE_CLOSED', () => one.next(1), 'next')
      for (const one of [snapshot, cursor, begun, late]) one.close()
      same((await contents(await trial.open())).length, 50, 'entries: none of the rejected commit')
    }
  }
]
