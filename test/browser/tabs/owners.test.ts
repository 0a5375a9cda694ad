import b4a from 'b4a'
import { expect, test } from 'vitest'
import { indexedDb } from '../../../adapters/storage/indexeddb.ts'
import { openStoreWith } from '../../../adapters/storage/open-store.ts'
import { commonName, inboxName, PROTOCOL } from '../../../adapters/tabs/messages.ts'
import { Autobee } from '../../../src/index.ts'
import { apply, ids, makeTab, nameOf, numbers, openTab, until } from './tabs.ts'

test('connect runs in the owner only, and what it gives is closed with its ownership; what it throws is an error event', async () => {
  const name = nameOf()
  const log: string[] = []
  const connecting = (id: string) => ({
    connect: (db: Autobee) => {
      log.push(`${id} ${db.opened}`)
      return { close: async () => void log.push(`${id} closed`) }
    }
  })
  const a = await openTab(name, connecting('a'))
  const b = await openTab(name, connecting('b'))
  const c = await openTab(name, {
    connect: () => {
      throw new Error('no network')
    }
  })
  expect(log).toEqual(['a true'])
  await a.close()
  await until(() => b.role === 'owner')
  expect(log).toEqual(['a true', 'a closed', 'b true'])
  await b.close()
  await until(() => c.errors.length === 1)
  expect(c.errors).toEqual(['TRANSPORT_FAILED'])
  expect(c.role).toBe('owner')
  await c.append({ id: 'x' })
})

test('an owner whose connect never ends can hand over all the same', async () => {
  const name = nameOf()
  const a = await openTab(name, { connect: () => new Promise<never>(() => {}) })
  const b = await openTab(name)
  await a.close()
  await until(() => b.role === 'owner')
})

test('calls run in the owner, whoever makes them; what it tells, all hear, and who comes later the last of it', async () => {
  const name = nameOf()
  const told: Record<string, unknown[]> = { a: [], b: [], c: [] }
  const calls = {
    add: (
      db: { tell(value: unknown): void; local: { length: number } },
      numbers: { x: number; y: number }
    ) => {
      db.tell(numbers.x + numbers.y)
      return { sum: numbers.x + numbers.y, length: db.local.length }
    },
    fails: () => {
      throw new TypeError('as written')
    },
    gives: () => () => {}
  }
  const a = makeTab(name, { calls })
  const b = makeTab(name, { calls })
  a.on('told', value => told.a?.push(value))
  b.on('told', value => told.b?.push(value))
  await Promise.all([a.ready(), b.ready()])
  for (const tab of [a, b]) {
    expect(await tab.call('add', { x: 1, y: 2 })).toEqual({ sum: 3, length: 0 })
    await expect(tab.call('fails')).rejects.toThrow('as written')
    await expect(tab.call('gives')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(tab.call('toString')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(tab.call('add', () => {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  const c = makeTab(name, { calls })
  c.on('told', value => told.c?.push(value))
  await c.ready()
  await until(() => told.b?.length === 2 && told.c?.length === 1)
  expect(told).toEqual({ a: [3, 3], b: [3, 3], c: [3] })
})

test('a call under way when the owner changes rejects with OWNER_CHANGED; a flush is asked again', async () => {
  const name = nameOf()
  const calls = { waits: () => new Promise<never>(() => {}) }
  const a = await openTab(name, { calls })
  const b = await openTab(name, { calls })
  const own = expect(a.call('waits')).rejects.toMatchObject({ code: 'OWNER_CHANGED' })
  const other = expect(b.call('waits')).rejects.toMatchObject({ code: 'OWNER_CHANGED' })
  a.sleep()
  await b.append({ id: 'while a sleeps' })
  await b.flush()
  a.wake()
  await Promise.all([own, other])
  await until(() => a.role === 'follower')
  await until(async () => (await ids(a)).join() === 'while a sleeps')
})

test('order and unit are those of the owner, page by page', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  await Promise.all(numbers(300).map(id => owner.append({ id })))
  await until(() => follower.orderLength === 300)
  const listed = async (tab: typeof owner, options = {}) => {
    const found: unknown[] = []
    for await (const unit of tab.order(options)) found.push(unit)
    return found
  }
  expect(await listed(follower)).toEqual(await listed(owner))
  expect((await listed(follower)).length).toBe(300)
  expect((await listed(follower, { reverse: true, limit: 3 })).length).toBe(3)
  expect(() => follower.order({ limit: -1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  const head = { key: follower.local.key, length: 7 }
  expect(await follower.unit(head)).toMatchObject({ position: 6, values: [{ id: '6' }] })
  expect(await follower.unit({ ...head, length: 301 })).toBe(null)
})

test('setLocal rotates the writer of all tabs, and their views go on', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  await follower.append({ id: 'a' })
  const { bee } = follower
  const pair = (await import('hypercore-crypto')).default.keyPair()
  await follower.setLocal(pair)
  await until(() => !b4a.equals(follower.local.key, owner.key as Uint8Array))
  expect(follower.writable).toBe(false)
  expect(follower.bee).toBe(bee)
  expect(await ids(follower)).toEqual(['a'])
  await expect(follower.append({ id: 'b' })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
})

test('what cannot be opened rejects in every tab with the same code', async () => {
  const name = nameOf()
  const first = await openTab(name, { encryptionKey: b4a.alloc(32, 1) })
  await first.append({ id: 'a' })
  const wrong = [{}, { encryptionKey: b4a.alloc(32, 2) }]
  const expectWrong = async () => {
    for (const options of wrong) {
      const tab = makeTab(name, options)
      await expect(tab.ready()).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
      await expect(tab.append({ id: 'b' })).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
    }
  }
  // by the owner
  await expectWrong()
  const other = makeTab(name, { encryptionKey: b4a.alloc(32, 1), valueEncoding: 'utf-8' })
  await expect(other.ready()).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH', reason: 'VALUE_ENCODING' })
  const key = { encryptionKey: b4a.alloc(32, 1), key: 'ab'.repeat(32) }
  await expect(makeTab(name, key).ready()).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH', reason: 'KEY' })
  // by the store
  await first.close()
  await expectWrong()
  const right = await openTab(name, { encryptionKey: b4a.alloc(32, 1) })
  expect(await ids(right)).toEqual(['a'])
})

test('a view that cannot be opened rejects ready, and leaves the store to others', async () => {
  const name = nameOf()
  const broken = makeTab(name, {
    open: () => {
      throw new Error('no view')
    }
  })
  await expect(broken.ready()).rejects.toThrow('no view')
  await openTab(name)
})

test('a tab of another build is told so, and so is one that finds an owner of another build', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const common = new BroadcastChannel(commonName(name))
  const inbox = new BroadcastChannel(`${commonName(name)}:abc:in`)
  const answer = new Promise<{ autobee: number }>(resolve => {
    inbox.onmessage = ({ data }) => resolve(data)
  })
  common.postMessage({ autobee: PROTOCOL + 1, messages: [{ type: 'hello', client: 'abc', more: 1 }] })
  expect((await answer).autobee).toBe(PROTOCOL)
  common.postMessage({ autobee: PROTOCOL + 1, messages: [{ type: 'owner', other: 'fields' }] })
  await until(() => owner.errors.length === 1)
  expect(owner.errors).toEqual(['UPGRADE_REQUIRED OLDER'])
  await owner.append({ id: 'goes on' })
  // one that waits for the store of an Autobee that shares nothing, so that only the stranger answers
  const taken = nameOf()
  const store = await openStoreWith(indexedDb)(taken)
  const late = makeTab(taken)
  const stranger = new BroadcastChannel(commonName(taken))
  stranger.postMessage({ autobee: 0, messages: [{ type: 'owner' }] })
  await expect(late.ready()).rejects.toMatchObject({ code: 'UPGRADE_REQUIRED', reason: 'NEWER' })
  await store.close()
  for (const channel of [common, inbox, stranger]) channel.close()
})

test('what a follower had asked when an owner of another build came waits for one that it can ask', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  const stranger = new BroadcastChannel(commonName(name))
  stranger.postMessage({ autobee: PROTOCOL + 1, messages: [{ type: 'owner' }] })
  await until(() => follower.errors.length === 1)
  const append = follower.append({ id: 'a' })
  await owner.close()
  await append
  expect(await ids(follower)).toEqual(['a'])
  stranger.close()
})

test('when the database is deleted, every tab says so, and none begins another', async () => {
  const name = nameOf()
  const tabs = [await openTab(name), await openTab(name), await openTab(name)]
  await tabs[0]?.append({ id: 'a' })
  const deleted = new Promise(resolve => {
    indexedDB.deleteDatabase(name).onsuccess = resolve
  })
  await deleted
  for (const tab of tabs) {
    const append = tab.append({ id: 'b' })
    await expect(append).rejects.toMatchObject({ code: 'STORE_CLOSED', reason: 'DELETED' })
    expect(tab.errors).toEqual(['STORE_CLOSED DELETED'])
  }
})

test('what an owner says whose time is over counts for nothing, also when it comes late', async () => {
  const name = nameOf()
  const common = new BroadcastChannel(commonName(name))
  const clients: string[] = []
  common.onmessage = ({ data }) => {
    const [message] = data.messages
    if (message.type === 'hello' && !clients.includes(message.client)) clients.push(message.client)
  }
  const [a, b] = [await openTab(name), await openTab(name)]
  const follower = await openTab(name)
  await until(() => clients.length === 3)
  const inbox = new BroadcastChannel(inboxName(name, clients[2] as string))
  const posted: { epoch: number; messages: { type: string }[] }[] = []
  inbox.onmessage = ({ data }) => posted.push(data)
  // woken, it is told all that it has to know
  common.postMessage({
    autobee: PROTOCOL,
    epoch: 0,
    owner: '',
    messages: [{ type: 'hello', client: clients[2], key: null, encryption: null, valueEncoding: 'json' }]
  })
  await until(() => posted.some(({ messages }) => messages.some(({ type }) => type === 'welcome')))
  await a.append({ id: 'a' })
  await a.close()
  await until(() => follower.role === 'follower' && b.role === 'owner')
  await b.append({ id: 'b' })
  await until(() => follower.local.length === 2)
  const late = posted.filter(({ epoch }) => epoch === posted[0]?.epoch)
  for (const packet of late) inbox.postMessage(packet)
  // what is posted later arrives later
  inbox.postMessage({ ...late[0], messages: [{}] })
  await until(() => follower.errors.length === 1)
  expect(follower.local.length).toBe(2)
  await follower.append({ id: 'c' })
  expect(await ids(follower)).toEqual(['a', 'b', 'c'])
  for (const channel of [common, inbox]) channel.close()
})

test('what is no message is an error event, and nothing else', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const common = new BroadcastChannel(commonName(name))
  const hostile = [
    null,
    'text',
    {},
    { autobee: PROTOCOL },
    { autobee: PROTOCOL, epoch: 0, owner: '', messages: [{}] }
  ]
  for (const data of hostile) common.postMessage(data)
  await until(() => owner.errors.length === hostile.length)
  expect(new Set(owner.errors)).toEqual(new Set(['TRANSPORT_FAILED MESSAGE']))
  await owner.append({ id: 'goes on' })
  common.close()
})

test('a tab waits for an Autobee that shares nothing, and closing it ends the wait', async () => {
  const name = nameOf()
  const store = await openStoreWith(indexedDb)(name)
  const alone = new Autobee(store, null, { apply, valueEncoding: 'json', ackInterval: 0 })
  await alone.ready()
  await alone.append({ id: 'alone' })
  const gone = makeTab(name)
  await gone.close()
  await expect(gone.ready()).rejects.toMatchObject({ code: 'CLOSED' })
  const tab = makeTab(name)
  const append = tab.append({ id: 'shared' })
  await alone.close()
  await store.close()
  await append
  expect(await ids(tab)).toEqual(['alone', 'shared'])
})

test('close settles what is under way, is idempotent, and leaves the store to others', async () => {
  const name = nameOf()
  const owner = await openTab(name)
  const follower = await openTab(name)
  const appends = numbers(20).flatMap(id => [
    owner.append({ id: `o${id}` }),
    follower.append({ id: `f${id}` })
  ])
  const closing = [owner.close(), follower.close()]
  expect(owner.close()).toBe(closing[0])
  await Promise.all(closing)
  await Promise.all(appends)
  expect([owner.closed, owner.role]).toEqual([true, 'none'])
  for (const run of [
    owner.append({ id: 'z' }),
    owner.update(),
    owner.call('x'),
    owner.bee.get(b4a.from('count'))
  ])
    await expect(run).rejects.toMatchObject({ code: 'CLOSED' })
  const store = await openStoreWith(indexedDb)(name)
  await store.close()
})
