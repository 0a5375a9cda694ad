import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { failsWith, holds, same } from '../assert.ts'
import { bytes, filled } from '../bytes.ts'
import type { StorageCase } from '../trial.ts'

async function opened(store: Corestore, name: string): Promise<Hypercore> {
  const core = store.get({ name })
  await core.ready()
  return core
}

async function blocksOf(core: Hypercore): Promise<(Uint8Array | null)[]> {
  return Promise.all(Array.from({ length: core.length }, (_, i) => core.get(i, { wait: false })))
}

function block(core: number, index: number): Uint8Array {
  return filled(1 + ((core * 31 + index) % 90), (core * 7 + index) & 255)
}

/** A Corestore in the place, through the stand-in for RocksDB's binding. */
export const corestoreCases: readonly StorageCase[] = [
  {
    name: 'a Corestore keeps its cores: blocks of any length, lengths, keys and user data',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      const blocks = [bytes(1), bytes(), filled(100_000, 7), bytes(0, 0), filled(4096, 255)]
      await core.append(blocks)
      await core.append(bytes(9))
      await core.setUserData('name', bytes(1, 2, 3))
      const { key } = core
      await store.close()
      const again = await trial.corestore()
      const same1 = await opened(again, 'a')
      same(same1.key, key, 'the key')
      same(same1.length, 6, 'the length')
      same(await blocksOf(same1), [...blocks, bytes(9)], 'the blocks')
      same(await same1.getUserData('name'), bytes(1, 2, 3), 'user data')
      await same1.append(bytes(10))
      same(same1.length, 7, 'the length after another append')
    }
  },
  {
    name: 'many cores, written at the same time in many sessions, are all there when opened again',
    async run(trial) {
      const store = await trial.corestore()
      const numbers = Array.from({ length: 24 }, (_, i) => i)
      const cores = await Promise.all(numbers.map(i => opened(store, `core ${i}`)))
      for (let round = 0; round < 6; round++) {
        await Promise.all(cores.map((core, i) => core.append([block(i, round * 2), block(i, round * 2 + 1)])))
      }
      const sessions = cores.map(core => core.session())
      await Promise.all(sessions.map((session, i) => session.append(block(i, 12))))
      await store.close()
      const again = await trial.corestore()
      for (const i of numbers) {
        const core = await opened(again, `core ${i}`)
        same(
          await blocksOf(core),
          Array.from({ length: 13 }, (_, j) => block(i, j)),
          `blocks of core ${i}`
        )
      }
    }
  },
  {
    name: 'a snapshot of a core shows its blocks while the core is truncated and written anew',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      await core.append(Array.from({ length: 20 }, (_, i) => block(0, i)))
      const snapshot = core.snapshot()
      await snapshot.ready()
      await core.truncate(10)
      await core.append(Array.from({ length: 20 }, (_, i) => block(1, i)))
      same(snapshot.length, 20, 'the length of the snapshot')
      const shared = await Promise.all([0, 5, 9].map(i => snapshot.get(i, { wait: false })))
      same(
        shared,
        [0, 5, 9].map(i => block(0, i)),
        'blocks of the snapshot'
      )
      same(await core.get(10), block(1, 0), 'a block written anew')
      same(core.length, 30, 'the length of the core')
      await snapshot.close()
    }
  },
  {
    name: 'blocks that are cleared are gone, the others are not, and so it is when opened again',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      await core.append(Array.from({ length: 60 }, (_, i) => block(0, i)))
      await core.clear(10, 50)
      const check = async (one: Hypercore) => {
        const here = await Promise.all([9, 10, 30, 49, 50].map(i => one.has(i)))
        same(here, [true, false, false, false, true], 'blocks that are here')
        same(await one.get(9), block(0, 9), 'the block before')
        same(await one.get(50), block(0, 50), 'the block after')
      }
      await check(core)
      await store.close()
      await check(await opened(await trial.corestore(), 'a'))
    }
  },
  {
    name: 'what is written to several cores in one atom is written together',
    async run(trial) {
      const store = await trial.corestore()
      const cores = [await opened(store, 'a'), await opened(store, 'b'), await opened(store, 'c')]
      const atom = store.storage.createAtom()
      const sessions = cores.map(core => core.session({ atom }))
      await Promise.all(sessions.map(session => session.ready()))
      for (const [i, session] of sessions.entries()) await session.append([block(i, 0), block(i, 1)])
      same(
        cores.map(core => core.length),
        [0, 0, 0],
        'lengths before the flush'
      )
      same(
        sessions.map(session => session.length),
        [2, 2, 2],
        'lengths of the sessions'
      )
      await atom.flush()
      same(
        cores.map(core => core.length),
        [2, 2, 2],
        'lengths after the flush'
      )
      await Promise.all(sessions.map(session => session.close()))
      await store.close()
      const again = await trial.corestore()
      for (const [i, name] of ['a', 'b', 'c'].entries()) {
        same(await blocksOf(await opened(again, name)), [block(i, 0), block(i, 1)], `blocks of ${name}`)
      }
    }
  },
  {
    name: 'a named session of a core is a branch that lasts, and is committed to the core',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      await core.append([block(0, 0), block(0, 1)])
      const branch = core.session({ name: 'branch' })
      await branch.ready()
      await branch.append([block(1, 0), block(1, 1)])
      same([core.length, branch.length], [2, 4], 'lengths')
      await store.close()
      const again = await opened(await trial.corestore(), 'a')
      const same1 = again.session({ name: 'branch' })
      await same1.ready()
      same(same1.length, 4, 'the length of the branch')
      await again.commit(same1)
      same(await blocksOf(again), [block(0, 0), block(0, 1), block(1, 0), block(1, 1)], 'blocks of the core')
    }
  },
  {
    name: 'the cores of a store are listed; bytes that it gave or took may be changed',
    async run(trial) {
      const store = await trial.corestore()
      const cores = await Promise.all(['a', 'b', 'c'].map(name => opened(store, name)))
      const mine = filled(100, 1)
      await cores[0]?.append(mine)
      mine.fill(9)
      const got = await cores[0]?.get(0)
      got?.fill(8)
      same(await cores[0]?.get(0), filled(100, 1), 'the block')
      const listed: Uint8Array[] = []
      for await (const key of store.list()) listed.push(key)
      same(listed.map(String).sort(), cores.map(core => String(core.discoveryKey)).sort(), 'discovery keys')
    }
  },
  {
    name: 'a Corestore that is open locks the place and gives it free when it closes; its cores reject then',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      await core.append(bytes(1))
      await failsWith('STORE_LOCKED', () => trial.corestore(), 'a second Corestore')
      await core.append(bytes(2))
      await store.storage.db.flush()
      await store.close()
      const error = await core.append(bytes(3)).then(
        () => null,
        error => error
      )
      holds(error instanceof Error, 'an append to a closed store rejects')
      same((await opened(await trial.corestore(), 'a')).length, 2, 'the length when opened again')
    }
  },
  {
    name: 'a Corestore that was suspended and resumed goes on, with what was asked of it meanwhile',
    async run(trial) {
      const store = await trial.corestore()
      const core = await opened(store, 'a')
      await core.append(bytes(1))
      await store.suspend()
      const append = core.append(bytes(2))
      await failsWith('STORE_LOCKED', () => trial.corestore(), 'a second Corestore')
      await store.resume()
      await append
      same(core.length, 2, 'the length')
    }
  }
]
