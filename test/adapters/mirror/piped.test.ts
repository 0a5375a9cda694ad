import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import { expect, test } from 'vitest'
import type { MirrorHost } from '../../../adapters/transport/mirror/host.ts'
import type { Autobee } from '../../../src/index.ts'
import { admit, contents, harness, op, sees, until } from '../../core/harness.ts'
import { type Line, line, mirrorHarness, TestAsker } from './harness.ts'

const h = harness()
const m = mirrorHarness()

/** Asks a mirror for a database over a connection of its own. */
async function ask(db: Autobee, host: MirrorHost): Promise<{ way: Line; test: TestAsker }> {
  const test = new TestAsker({ key: db.key!, heads: () => db.oplogs() })
  const changed = () => test.asker.changed()
  db.on('update', changed)
  db.on('writer', changed)
  m.later(() => test.asker.close())
  const way = await line(db, host, { keyPair: test.keyPair })
  test.asker.connect(way.muxerA)
  return { way, test }
}

/** What a newcomer sees who has the key and the mirror, and nobody else. */
async function newcomer(db: Autobee, host: MirrorHost, options: object = {}): Promise<Autobee> {
  const one = await h.peer(db.key, options)
  await line(one, host)
  return one
}

for (const encryptionKey of [null, Hypercore.key(new Uint8Array(32))]) {
  const kind = encryptionKey ? 'encrypted' : 'plain'

  test(`${kind}: what the writers had is there for a newcomer when all of them are gone`, async () => {
    const a = await h.peer(null, { encryptionKey })
    const host = await m.host({ store: (await m.store()).store })
    await a.append(op({ put: { a: 1 } }))
    const { way, test } = await ask(a, host)
    await test.asker.stored()
    expect(test.asker.isStored).toBe(true)
    // joins after the request
    const b = await h.peer(a.key, { encryptionKey })
    const cut = await admit(a, b)
    await b.append(op({ put: { b: 2 } }))
    await sees(a, 'b')
    await test.asker.stored()
    expect(host.databases).toMatchObject([{ cores: 2, isComplete: true, isFull: false }])
    expect(test.asker.progress).toMatchObject({ cores: 2, storedCores: 2 })
    await cut()
    await way.cut()
    await Promise.all([a.close(), b.close()])
    const c = await newcomer(a, host, { encryptionKey })
    await sees(c, 'a', 'b')
    expect([...c.writers]).toHaveLength(2)
  })
}

test('also the oplogs of writers who were removed, and of strangers who were let in', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const stranger = await h.peer(a.key)
  const host = await m.host({ store: (await m.store()).store })
  const cuts = [await admit(a, b), (await line(stranger, a)).cut]
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  await a.append(op({ removeWriter: b.local.id }))
  await stranger.append(op({ ack: true, put: { stranger: 1 } }), { optimistic: true })
  await sees(a, 'stranger')
  await Promise.all(cuts.map(cut => cut()))
  const { way, test } = await ask(a, host)
  await test.asker.stored()
  expect(host.databases).toMatchObject([{ cores: 3 }])
  const whole = await contents(a)
  await way.cut()
  const c = await newcomer(a, host)
  await sees(c, 'b', 'stranger')
  expect(await contents(c)).toEqual(whole)
})

test('a mirror that starts again has what it had, and goes on', async () => {
  const a = await h.peer()
  const place = await m.store()
  const first = await m.host({ store: place.store })
  await a.append(op({ put: { a: 1 } }))
  const { way, test } = await ask(a, first)
  await test.asker.stored()
  const { bytes } = first.databases[0]!
  await way.cut()
  await first.close()
  await place.store.close()
  const host = await m.host({ store: await place.reopen() })
  expect(host.databases).toMatchObject([{ cores: 1, bytes, isComplete: true }])
  const c = await newcomer(a, host)
  await sees(c, 'a')
  // the writer comes back, and the asker finds its way by itself
  await a.append(op({ put: { later: 1 } }))
  const again = await line(a, host, { keyPair: test.keyPair })
  test.asker.connect(again.muxerA)
  await test.asker.stored()
  await sees(c, 'later')
})

test('what is mirrored converges with writers who come back without asking', async () => {
  const a = await h.peer()
  const host = await m.host({ store: (await m.store()).store })
  await a.append(op({ put: { a: 1 } }))
  const { way, test } = await ask(a, host)
  await test.asker.stored()
  await way.cut()
  test.asker.close()
  await a.append(op({ put: { offline: 1 } }))
  await line(a, host)
  const c = await newcomer(a, host)
  await sees(c, 'a', 'offline')
  await until(() => host.databases[0]!.isComplete)
})

test('two peers ask for one database, each naming what it knows', async () => {
  const a = await h.peer()
  const b = await h.peer(a.key)
  const host = await m.host({ store: (await m.store()).store, maxDatabases: 1 })
  const cut = await admit(a, b)
  const first = await ask(a, host)
  const second = await ask(b, host)
  await a.append(op({ put: { a: 1 } }))
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  await sees(b, 'a')
  await Promise.all([first.test.asker.stored(), second.test.asker.stored()])
  expect(host.databases).toMatchObject([{ cores: 2, askers: { length: 2 } }])
  await cut()
  await Promise.all([first.way.cut(), second.way.cut()])
  await sees(await newcomer(a, host), 'a', 'b')
})

test('a peer that has only the mirror sees what a writer appends while it looks', async () => {
  const a = await h.peer()
  const host = await m.host({ store: (await m.store()).store })
  await ask(a, host)
  const c = await newcomer(a, host)
  for (const key of ['x', 'y', 'z']) {
    await a.append(op({ put: { [key]: 1 } }))
    await sees(c, key)
  }
})

test('cores of a bare Corestore, also those that are not open there', async () => {
  const place = await m.store()
  const source: Corestore = place.store
  const [one, two] = [source.get({ name: 'one' }), source.get({ name: 'two' })]
  await Promise.all([one.ready(), two.ready()])
  await one.append(['a', 'b'])
  await two.append(['c'])
  const heads = [one, two].map(({ key, length }) => ({ key, length }))
  await two.close()
  const host = await m.host({ store: (await m.store()).store })
  const { asker, keyPair } = new TestAsker({ key: one.key, heads: () => heads })
  m.later(() => asker.close())
  const way = await line(source, host, { keyPair })
  asker.connect(way.muxerA)
  await asker.stored()
  await way.cut()
  const reader = (await m.store()).store
  await line(reader, host)
  const copy = reader.get({ key: heads[1]!.key })
  expect(await copy.get(0)).toEqual(await source.get({ key: heads[1]!.key }).get(0))
})
