import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { identityOf } from '../../adapters/transport/identity.ts'
import { mirrorTo } from '../../adapters/transport/mirror.ts'
import { connectRelay } from '../../adapters/transport/websocket.ts'
import { contents, op, openPeer, until } from '../support/peers.ts'
import { tempStore } from '../support/store.ts'
import { type Autobee, Workshop } from './program.ts'

let shop: Workshop
const closing: (() => unknown)[] = []

beforeAll(async () => {
  shop = await Workshop.open()
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

afterAll(() => shop.close())

async function peer(key: Uint8Array | null = null) {
  const temp = await tempStore()
  closing.push(() => temp.close())
  const db = await openPeer(temp.store, key)
  closing.push(() => db.close())
  return db
}

async function start(args: string[]): Promise<[Autobee, { url: string; mirror: string }]> {
  const relay = shop.start(['relay', '--json', '--mirror', 'mirror', ...args])
  const { url, mirror } = await relay.row({ event: 'ready' })
  return [relay, { url: String(url), mirror: String(mirror) }]
}

test('a relay with a mirror keeps a database while its writer and the relay itself are away', async () => {
  const a = await peer()
  await a.append(op({ put: { a: 1 } }))
  const { publicKey } = await identityOf(a)
  const topic = b4a.toString(crypto.discoveryKey(a.key!), 'hex')
  const allow = ['--mirror-allow', b4a.toString(publicKey, 'hex')]
  const [first, { url, mirror }] = await start([...allow, '--token', 'secret'])
  const asked = mirrorTo(a, { relay: url, publicKey: mirror, token: 'secret' })
  closing.push(() => asked.close())
  await asked.stored()
  await first.row({ event: 'mirror', topic })
  expect(first.out).not.toContain(a.id)
  await asked.close()
  const { code, err } = await first.kill('SIGTERM')
  expect({ code, err }).toEqual({ code: 0, err: '' })

  const [second, again] = await start(allow)
  expect(again.mirror).toBe(mirror)
  const b = await peer(a.key)
  const reader = connectRelay(b, again.url)
  closing.push(() => reader.close())
  await until(async () => 'a' in (await contents(b)))
  // and only for those who were named
  const stranger = mirrorTo(b, { relay: again.url, publicKey: mirror })
  closing.push(() => stranger.close())
  await expect(stranger.stored()).rejects.toMatchObject({ reason: 'NOT_ALLOWED' })
  await second.row({ event: 'mirror-refused', reason: 'NOT_ALLOWED', topic: null })
  await stranger.close()

  const leaving = mirrorTo(a, { relay: again.url, publicKey: mirror })
  closing.push(() => leaving.close())
  expect(await leaving.unmirror()).toBe(true)
  await second.row({ event: 'mirror-end', topic })
  expect((await second.kill('SIGINT')).code).toBe(0)
})

test('killed, it has what it said that it has', async () => {
  const a = await peer()
  await a.append(op({ put: { a: 1 } }))
  const { publicKey } = await identityOf(a)
  const allow = ['--mirror-allow', b4a.toString(publicKey, 'hex')]
  const [first, { url, mirror }] = await start(allow)
  const asked = mirrorTo(a, { relay: url, publicKey: mirror })
  closing.push(() => asked.close())
  await asked.stored()
  await first.kill('SIGKILL')
  await asked.close()
  const [second, again] = await start(allow)
  expect(again.mirror).toBe(mirror)
  const b = await peer(a.key)
  const reader = connectRelay(b, again.url)
  closing.push(() => reader.close())
  await until(async () => 'a' in (await contents(b)))
  await reader.close()
  await second.kill('SIGINT')
})

test('the quota is that of the flag', async () => {
  const a = await peer()
  const { publicKey } = await identityOf(a)
  const allow = ['--mirror-allow', b4a.toString(publicKey, 'hex'), '--mirror-quota', '2000']
  const [relay, { url, mirror }] = await start(allow)
  const asked = mirrorTo(a, { relay: url, publicKey: mirror })
  closing.push(() => asked.close())
  const refused = new Promise(resolve => asked.once('refused', resolve))
  await a.append(op({ put: { a: 'x'.repeat(3000) } }))
  await expect(asked.stored()).rejects.toMatchObject({ reason: 'FULL' })
  expect(await refused).toMatchObject({ reason: 'FULL', limit: 2000, used: 0 })
  await relay.row({ event: 'mirror-refused', reason: 'FULL' })
  await asked.close()
  await relay.kill('SIGINT')
})
