import type { KeyValueAdapter, KeyValueStore } from '../../storage/key-value.ts'
import { failsWith, holds, isEqual, same } from '../assert.ts'
import { bytes, contents, delRange, filled, keyOf, put, valueAt } from '../bytes.ts'
import { Model } from '../model.ts'
import type { StorageCase, StoragePlace } from '../trial.ts'

/** Accidents that a test can cause in a kind of place; those that are given have cases. */
export interface StorageFaults<P extends StoragePlace = StoragePlace> {
  /** Leaves the open store no room for another 256 KiB. Resolves to what makes room again. */
  full?(place: P): Promise<() => Promise<void>>
  /** Lets the open store go as a killed process does, without closing it. Resolves to an adapter of what it leaves. */
  kill?(place: P, store: KeyValueStore): Promise<KeyValueAdapter>
  /** Takes away what the open store is kept in: the user clears the data of a site, a disk is pulled out. */
  remove?(place: P): Promise<void>
  /** Somebody else becomes the owner, although the store is open here. Resolves to their store. */
  takeOver?(place: P, store: KeyValueStore): Promise<KeyValueStore>
  /** Changes bytes of the closed store underneath, in the value of `key` at least. */
  damage?(place: P, key: Uint8Array): Promise<void>
}

const LARGE = 256 * 1024

export function faultCases<P extends StoragePlace>(faults: StorageFaults<P>): readonly StorageCase<P>[] {
  const { full, kill, remove, takeOver, damage } = faults
  return [
    ...(full ? [fullCase, fullCoreCase].map(of => of<P>(place => full.call(faults, place))) : []),
    ...(kill ? [killCase<P>((place, store) => kill.call(faults, place, store))] : []),
    ...(remove ? [removeCase<P>(place => remove.call(faults, place))] : []),
    ...(takeOver ? [takeOverCase<P>((place, store) => takeOver.call(faults, place, store))] : []),
    ...(damage ? [damageCase<P>((place, key) => damage.call(faults, place, key))] : [])
  ]
}

function fullCase<P extends StoragePlace>(full: NonNullable<StorageFaults<P>['full']>): StorageCase<P> {
  return {
    name: 'without room a commit rejects with STORE_FULL and has no effect; reads go on, and commits when there is room',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1)), put(keyOf(2), bytes(2))])
      const before = await contents(store)
      const snapshot = store.snapshot()
      const makeRoom = await full(trial.place)
      const operations = [
        put(keyOf(1), bytes(9)),
        delRange(keyOf(2), keyOf(3)),
        put(keyOf(3), filled(LARGE, 3))
      ]
      await failsWith('STORE_FULL', () => store.commit(operations), 'a commit without room')
      same(await contents(store), before, 'entries after it')
      same(await store.getMany([keyOf(1), keyOf(3)]), [bytes(1), null], 'values after it')
      same(await contents(snapshot), before, 'entries of a snapshot')
      await failsWith('STORE_FULL', () => store.commit(operations), 'another commit without room')
      await makeRoom()
      await store.commit([put(keyOf(4), filled(LARGE, 4))])
      same((await contents(store)).length, 3, 'entries when there is room')
      await store.close()
      const again = await trial.open()
      same(await again.getMany([keyOf(1), keyOf(3)]), [bytes(1), null], 'values when opened again')
      same((await valueAt(again, keyOf(4)))?.length, LARGE, 'the length of the large value')
    }
  }
}

function fullCoreCase<P extends StoragePlace>(full: NonNullable<StorageFaults<P>['full']>): StorageCase<P> {
  return {
    name: 'a core without room rejects an append with STORE_FULL, stays as it was, and goes on when there is room',
    async run(trial) {
      const store = await trial.corestore()
      const core = store.get({ name: 'a' })
      await core.append(bytes(1))
      const makeRoom = await full(trial.place)
      await failsWith('STORE_FULL', () => core.append(filled(LARGE, 2)), 'an append without room')
      same([core.length, await core.get(0)], [1, bytes(1)], 'the length, and the block before')
      await makeRoom()
      await core.append(bytes(3))
      await store.close()
      const again = (await trial.corestore()).get({ name: 'a' })
      await again.ready()
      same(
        [again.length, await again.get(1)],
        [2, bytes(3)],
        'the length when opened again, and the last block'
      )
    }
  }
}

function killCase<P extends StoragePlace>(kill: NonNullable<StorageFaults<P>['kill']>): StorageCase<P> {
  return {
    name: 'a killed process loses nothing of a commit that resolved, and of others keeps all or nothing, from the first on',
    async run(trial) {
      const store = await trial.open()
      let model = new Model()
      const late = [1, 2, 3].map(i => Array.from({ length: 20 }, (_, j) => put(keyOf(500 + j), bytes(i))))
      for (let i = 0; i < 30; i++) {
        const operations = [put(keyOf(i), bytes(i)), delRange(keyOf(i - 5), keyOf(i - 3))]
        await store.commit(operations)
        model = model.after(operations)
      }
      // not waited for: the process may die in between
      for (const operations of late) store.commit(operations).catch(() => {})
      const left = await kill(trial.place, store)
      const again = trial.closing(await left.openKeyValue({ wait: true }))
      const found = await contents(again)
      const possible = [model]
      for (const operations of late) possible.push((possible.at(-1) as Model).after(operations))
      holds(
        possible.some(one => isEqual(found, one.list())),
        `${found.length} entries are what commits left, from the first on`
      )
    }
  }
}

function removeCase<P extends StoragePlace>(remove: NonNullable<StorageFaults<P>['remove']>): StorageCase<P> {
  return {
    name: 'a place that is gone rejects with STORE_CLOSED, and says so: reason DELETED or LOST',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      await remove(trial.place)
      const error = await failsWith('STORE_CLOSED', () => store.commit([put(keyOf(2), bytes(2))]), 'commit')
      holds(error.reason === 'DELETED' || error.reason === 'LOST', `a reason, not ${error.reason}`)
      await store.close()
    }
  }
}

function takeOverCase<P extends StoragePlace>(
  takeOver: NonNullable<StorageFaults<P>['takeOver']>
): StorageCase<P> {
  return {
    name: 'who lost the place to another owner rejects with STORE_LOCKED for good, and writes nothing',
    async run(trial) {
      const store = await trial.open()
      await store.commit([put(keyOf(1), bytes(1))])
      const other = trial.closing(await takeOver(trial.place, store))
      for (let i = 0; i < 3; i++) {
        const error = await failsWith('STORE_LOCKED', () => store.commit([put(keyOf(2), bytes(2))]), 'commit')
        same(error.reason, 'TAKEN_OVER', 'the reason')
      }
      await other.commit([put(keyOf(3), bytes(3))])
      const expected = [
        { key: keyOf(1), value: bytes(1) },
        { key: keyOf(3), value: bytes(3) }
      ]
      same(await contents(other), expected, 'entries')
      await store.close()
      same(await contents(other), expected, 'entries when the first owner has closed')
    }
  }
}

function damageCase<P extends StoragePlace>(damage: NonNullable<StorageFaults<P>['damage']>): StorageCase<P> {
  return {
    name: 'what is stored and is not what was written rejects with STORE_CORRUPT, when opened or when read',
    async run(trial) {
      const store = await trial.open()
      const key = keyOf(1)
      await store.commit([put(key, filled(2000, 1))])
      await store.commit([put(keyOf(2), filled(2000, 2))])
      await store.close()
      await damage(trial.place, key)
      const read = async () => valueAt(await trial.open(), key)
      await failsWith('STORE_CORRUPT', read, 'opening and reading')
    }
  }
}
