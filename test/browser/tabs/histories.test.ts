import b4a from 'b4a'
import { expect, test } from 'vitest'
import { indexedDb } from '../../../adapters/storage/indexeddb.ts'
import { openStoreWith } from '../../../adapters/storage/open-store.ts'
import { Autobee } from '../../../src/index.ts'
import { random } from '../../durability/random.mjs'
import { apply, ids, makeTab, nameOf, type Sleeping, silencer, type Tab, until, type Value } from './tabs.ts'

const STEPS = 60
const TABS = 4
const SEEDS = [...Array.from({ length: 12 }, (_, i) => i + 1), Math.floor(Math.random() * 2 ** 31)]

/** One tab of the model, and what became of its appends. */
interface Player {
  readonly id: string
  readonly tab: Tab & Sleeping
  isAsleep: boolean
  readonly appends: { readonly id: string; outcome: number | string | null }[]
}

for (const seed of SEEDS) {
  test(`tabs that come, append, sleep, wake, fall silent and close write all that they were told, once and in order (seed ${seed})`, async () => {
    const next = random(seed)
    const upTo = (most: number) => Math.floor(next() * most)
    const name = nameOf()
    const all: Player[] = []
    let here: Player[] = []
    const dead: Player[] = []
    const closings: Promise<void>[] = []
    const come = () => {
      const player = { id: `t${all.length}`, tab: makeTab(name), isAsleep: false, appends: [] }
      all.push(player)
      here.push(player)
    }
    const append = (player: Player) => {
      const one: Player['appends'][number] = { id: `${player.id}.${player.appends.length}`, outcome: null }
      player.appends.push(one)
      player.tab.append({ id: one.id }).then(
        ({ length }) => {
          one.outcome = length
        },
        error => {
          one.outcome = error.code
        }
      )
    }
    come()
    if (next() < 0.8) await all[0]?.tab.ready()
    for (let step = 0; step < STEPS; step++) {
      const player = here[upTo(here.length)] as Player
      const what = next()
      if (what < 0.1 && here.length < TABS) come()
      else if (what < 0.18 && here.length > 1) {
        here = here.filter(other => other !== player)
        if (player.isAsleep) player.tab.wake()
        closings.push(player.tab.close())
      } else if (what < 0.26) {
        const owners = here.filter(({ tab, isAsleep }) => tab.role === 'owner' && !isAsleep)
        if (owners.length !== 1 || here.length === 1) continue
        const silence = silencer()
        for (const one of here) if (one.tab.role === 'follower') append(one)
        await pause(upTo(8))
        // it may write what it can tell nobody of
        silence()
        await pause(upTo(8))
        for (const owner of owners) owner.tab.sleep()
        dead.push(...owners)
        here = here.filter(one => !owners.includes(one))
      } else if (what < 0.34) {
        if (player.isAsleep) player.tab.wake()
        else player.tab.sleep()
        player.isAsleep = !player.isAsleep
      } else if (what < 0.8) for (let count = 1 + upTo(8); count > 0; count--) append(player)
      else await pause(upTo(25))
    }
    for (const player of here) if (player.isAsleep) player.tab.wake()
    await until(() => all.some(({ tab }) => tab.role === 'owner'))
    // what they had asked themselves is asked again, too
    for (const { tab } of dead) tab.wake()
    here.push(...dead)
    await Promise.all(closings)
    const pending = () => all.flatMap(({ appends }) => appends.filter(({ outcome }) => outcome === null))
    await until(() => pending().length === 0)

    const done = all.flatMap(({ appends }) => appends.filter(({ outcome }) => typeof outcome === 'number'))
    // before any owner was asked
    const codes = new Set(all.flatMap(({ appends }) => appends.map(({ outcome }) => outcome)))
    expect([...codes].filter(code => typeof code !== 'number' && code !== 'CLOSED')).toEqual([])
    for (const { tab } of here) await tab.ready()
    await until(() => here.every(({ tab }) => tab.local.length === done.length))
    for (const { tab } of here) {
      const found = await ids(tab)
      expect(found.length).toBe(done.length)
      for (const { id, appends } of all) {
        const own = found.filter(one => one.startsWith(`${id}.`))
        expect(own).toEqual(appends.filter(({ outcome }) => typeof outcome === 'number').map(({ id }) => id))
      }
      expect(tab.errors).toEqual([])
    }
    for (const { tab } of here) await tab.close()
    const oplog = await oplogOf(name)
    expect(oplog.length).toBe(done.length)
    for (const { id, outcome } of done) expect(oplog[(outcome as number) - 1]).toBe(id)
  })
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Ids in the local oplog, read by an Autobee that shares nothing. */
async function oplogOf(name: string): Promise<string[]> {
  const store = await openStoreWith(indexedDb)(name, { wait: true })
  const db = new Autobee(store, null, { apply, valueEncoding: 'json' })
  await db.ready()
  const found: string[] = []
  for (let i = 0; i < db.local.length; i++) {
    const value = Autobee.decodeValue((await db.local.get(i)) as Uint8Array) as Uint8Array
    found.push((JSON.parse(b4a.toString(value)) as Value).id)
  }
  await db.close()
  await store.close()
  return found
}
