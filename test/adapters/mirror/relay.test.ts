import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { identityOf } from '../../../adapters/transport/identity.ts'
import { createMirror, type MirrorToEvents, mirrorTo } from '../../../adapters/transport/mirror.ts'
import { contents, op, openPeer, until } from '../../support/peers.ts'
import { tempStore } from '../../support/store.ts'
import { mirrors } from './net.ts'

const net = mirrors()

async function sees(db: Parameters<typeof contents>[0], ...keys: string[]): Promise<void> {
  await until(async () => {
    const all = await contents(db)
    return keys.every(key => key in all)
  })
}

test('a database outlives its writers: a newcomer gets it from the mirror alone', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const { publicKey } = await identityOf(a)
  const mirror = await net.mirror(relay, { store: await net.store(), allow: [publicKey] })
  const asked = net.ask(a, { relay: relay.url, publicKey: mirror.publicKey })
  await a.append(op({ put: { a: 1 } }))
  await asked.stored()
  expect(asked.status).toBe('stored')
  expect(asked.publicKey).toEqual(publicKey)
  // a writer who joins later is announced by itself
  const b = await net.peer(a.key)
  const [one, two] = [net.member(a, relay), net.member(b, relay)]
  await a.append(op({ addWriter: b.local.id }))
  await until(() => b.writable)
  await b.append(op({ put: { b: 1 } }))
  await sees(a, 'b')
  await asked.stored()
  expect(mirror.databases).toMatchObject([{ id: a.id, cores: 2, isComplete: true, askers: { length: 1 } }])
  await Promise.all([asked.close(), one.close(), two.close()])
  const c = await net.peer(a.key)
  const reader = net.member(c, relay)
  await sees(c, 'a', 'b')
  expect(reader.peers.map(peer => peer.publicKey)).toEqual([mirror.publicKey])
})

test('mirror and relay start again, and everything goes on by itself', async () => {
  const relay = await net.relay()
  const port = Number(new URL(relay.url).port)
  const place = await tempStore()
  net.onend(() => place.close())
  const a = await net.peer()
  const first = await net.mirror(relay, { store: place.store })
  const asked = net.ask(a, { relay: relay.url, publicKey: first.publicKey })
  await a.append(op({ put: { a: 1 } }))
  await asked.stored()
  await first.close()
  await place.store.close()
  await until(() => asked.status === 'connecting')
  await relay.close({ grace: 0 })
  await a.append(op({ put: { b: 1 } }))
  const again = await net.relay({ port })
  const second = await net.mirror(again, { store: await place.reopen() })
  expect(second.publicKey).toEqual(first.publicKey)
  expect(second.databases).toMatchObject([{ id: a.id, cores: 1 }])
  await asked.stored()
  await asked.close()
  const c = await net.peer(a.key)
  net.member(c, again)
  await sees(c, 'a', 'b')
})

test('an unknown public key is refused before anything is replicated, and taken once it is on the list', async () => {
  const relay = await net.relay()
  const known = new Set<string>()
  const a = await net.peer()
  await a.append(op({ put: { a: 1 } }))
  const mirror = await net.mirror(relay, {
    store: await net.store(),
    allow: key => known.has(b4a.toString(key, 'hex'))
  })
  const refused: unknown[] = []
  mirror.on('refused', event => refused.push(event))
  const asked = net.ask(a, { relay: relay.url, publicKey: mirror.publicKey })
  await expect(asked.stored()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'NOT_ALLOWED' })
  expect(asked.status).toBe('refused')
  expect(refused[0]).toMatchObject({ publicKey: asked.publicKey, reason: 'NOT_ALLOWED', id: null })
  expect(mirror.databases).toEqual([])
  known.add(b4a.toString(asked.publicKey!, 'hex'))
  await until(() => asked.status === 'stored')
  expect(mirror.databases).toMatchObject([{ id: a.id }])
})

test('a refusal for the quota reaches who asked, and an unmirrored database is gone', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  const mirror = await net.mirror(relay, { store: await net.store(), quota: 4000 })
  const asked = net.ask(a, { relay: [relay.url], publicKey: mirror.publicKey })
  const refused: MirrorToEvents['refused'][0][] = []
  asked.on('refused', refusal => refused.push(refusal))
  await a.append(op({ put: { a: 1 } }))
  await asked.stored()
  await a.append(op({ put: { b: 'x'.repeat(5000) } }))
  await expect(asked.stored()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'FULL' })
  expect(refused[0]).toMatchObject({ reason: 'FULL', limit: 4000 })
  expect(asked.status).toBe('refused')
  expect(mirror.databases).toMatchObject([{ isFull: true, isComplete: false }])
  expect(await asked.unmirror()).toBe(true)
  expect(asked.status).toBe('closed')
  expect(mirror.databases).toEqual([])
  await expect(asked.stored()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('several databases of one store are mirrored, each by a handle of its own', async () => {
  const relay = await net.relay()
  const mirror = await net.mirror(relay, { store: await net.store() })
  const store = await net.store()
  const dbs = await Promise.all(['one', 'two', 'three'].map(name => openPeer(store.namespace(name))))
  const all = dbs.map(db => net.ask(db, { relay: relay.url, publicKey: mirror.publicKey }))
  await Promise.all(dbs.map((db, i) => db.append(op({ put: { [i]: i } }))))
  await Promise.all(all.map(asked => asked.stored()))
  expect(mirror.databases.map(({ id }) => id).sort()).toEqual(dbs.map(({ id }) => id).sort())
  const [first] = all
  expect(await first!.unmirror()).toBe(true)
  await dbs[1]!.append(op({ put: { more: 1 } }))
  await all[1]!.stored()
  expect(mirror.databases).toHaveLength(2)
  await Promise.all(all.map(asked => asked.close()))
  await Promise.all(dbs.map(db => db.close()))
})

test('a mirror on two relays is asked and read over either', async () => {
  const [one, two] = [await net.relay(), await net.relay()]
  const urls = [one.url, two.url]
  const mirror = await net.mirror(one, { store: await net.store(), relays: urls })
  const a = await net.peer()
  const asked = net.ask(a, { relay: net.member(a, urls), publicKey: mirror.publicKey })
  await a.append(op({ put: { a: 1 } }))
  await asked.stored()
  await one.close({ grace: 0 })
  await a.append(op({ put: { b: 1 } }))
  await asked.stored()
  await asked.close()
  const c = await net.peer(a.key)
  net.member(c, two)
  await sees(c, 'a', 'b')
})

test('somebody else under the public key of the mirror gets nothing', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  await a.append(op({ put: { a: 1 } }))
  const real = crypto.keyPair()
  // joins the topic with a key pair of its own, and knows the key of the database
  const impostor = net.member(await net.peer(a.key), relay, { topics: [real.publicKey] })
  const asked = net.ask(a, { relay: relay.url, publicKey: real.publicKey })
  const errors: string[] = []
  impostor.on('error', error => errors.push(error.reason ?? error.code))
  await until(() => errors.includes('REFUSED'))
  expect(impostor.peers).toEqual([])
  expect(asked.status).toBe('connecting')
})

test('both ends close in every state, and close when what they use does', async () => {
  const relay = await net.relay()
  const place = await tempStore()
  net.onend(() => place.close())
  const mirror = await net.mirror(relay, { store: place.store })
  const db = await openPeer(await net.store())
  const asked = net.ask(db, { relay: relay.url, publicKey: mirror.publicKey })
  const waiting = net.ask(await net.peer(), { relay: 'ws://127.0.0.1:1', publicKey: mirror.publicKey })
  const stored = expect(waiting.stored()).rejects.toMatchObject({ code: 'CLOSED' })
  await Promise.all([waiting.close(), waiting.close()])
  await stored
  expect(waiting.status).toBe('closed')
  await asked.stored()
  const codes: string[] = []
  asked.on('error', error => codes.push(error.code))
  await db.close()
  await until(() => asked.status === 'closed')
  expect(codes).toEqual(['CLOSED'])
  const ends: string[] = []
  mirror.on('error', error => ends.push(error.code))
  await place.store.close()
  expect(ends).toEqual(['CLOSED'])
  await mirror.close()
})

test('what is asked wrongly is refused at once', async () => {
  const store = await net.store()
  const relays = 'ws://127.0.0.1:1'
  const publicKey = b4a.alloc(32, 1)
  const wrong = (code: string) => expect.objectContaining({ code })
  for (const options of [
    { store: null, relays, allow: [] },
    { store, relays, allow: 'somebody' },
    { store, relays, allow: [], quota: 0 },
    { store, relays, allow: [], maxCores: 1.5 },
    { store, relays: 'http://here', allow: [] }
  ])
    await expect(createMirror(options as never)).rejects.toThrow(wrong('INVALID_ARGUMENT'))
  await expect(createMirror({ store, relays, allow: ['no key'] })).rejects.toThrow(wrong('INVALID_KEY'))
  expect(() => mirrorTo(store, { relay: relays, publicKey })).toThrow(wrong('INVALID_ARGUMENT'))
  expect(() => mirrorTo(store, { relay: relays, publicKey: 'x', cores: [publicKey] })).toThrow(
    wrong('INVALID_KEY')
  )
  expect(() => mirrorTo({} as never, { relay: relays, publicKey })).toThrow(wrong('INVALID_ARGUMENT'))
})
