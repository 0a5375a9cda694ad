import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { expect, test } from 'vitest'
import type { ApplyNode, Autobee, Host, HyperbeeView } from '../../src/index.ts'
import type { Entry } from '../../src/oplog/entry.ts'
import { block, type Hostile } from '../support/hostile.ts'
import { collect, connect, contents, harness, sees, until } from './harness.ts'

const h = harness()

/** The `apply` that the documentation starts with. */
async function quickstart(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  for (const node of nodes) {
    const op = JSON.parse(b4a.toString(node.value))
    if (op.addWriter) host.addWriter(op.addWriter)
    if (op.removeWriter) host.removeWriter(op.removeWriter)
    const w = view.write()
    w.tryPut(b4a.from('latest'), node.value)
    await w.flush()
  }
}

/** Lets anybody in who asks for himself, and says something. */
async function welcoming(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  for (const node of nodes) {
    const op = JSON.parse(b4a.toString(node.value))
    if (node.optimistic && op.join) {
      host.ackWriter(node.key)
      host.addWriter(node.key)
    }
    if (node.optimistic && op.once) host.ackWriter(node.key)
    if (op.throws) throw new Error('refused')
    const w = view.write()
    w.tryPut(b4a.from(op.join ?? op.once ?? op.say), node.value)
    await w.flush()
  }
}

/** A stranger, connected. */
async function stranger(a: Autobee): Promise<Hostile> {
  const evil = await h.hostile(a.key as Uint8Array)
  connect(a, evil)
  return evil
}

/** Appends entries as a stranger, and waits until they were fetched, tried and forgotten. */
async function isRefused(a: Autobee, evil: Hostile, ...entries: Partial<Entry>[]): Promise<void> {
  let fetched = 0
  evil.core.on('upload', () => fetched++)
  await evil.write(...entries)
  await until(() => fetched > 0 && !isOpen(a, evil.core))
}

/** Does anybody in the database's store hold that core? */
function isOpen(a: Autobee, { discoveryKey }: Hypercore): boolean {
  const core = h.storeOf(a).cores.get(discoveryKey) as { allSessions(): unknown[] } | null
  return core !== null && core.allSessions().length > 0
}

test("a stranger's addWriter of himself stays outside with the quickstart's apply", async () => {
  const a = await h.peer(null, { apply: quickstart })
  await a.append('{"hello":"world"}')
  const evil = await stranger(a)
  const value = b4a.from(JSON.stringify({ addWriter: evil.core.id }))
  await isRefused(a, evil, { value, optimistic: true })
  await a.append('{"goes":"on"}')
  await a.flush()
  expect([...a.writers].length).toBe(1)
  expect(a.local.length).toBe(2)
})

test("a stranger's entry that does not even claim to be optimistic stays outside", async () => {
  const a = await h.peer(null, { apply: welcoming })
  await a.append('{"say":"a"}')
  await isRefused(a, await stranger(a), { value: b4a.from('{"join":"evil"}') })
  expect([...a.writers].length).toBe(1)
  expect(Object.keys(await contents(a))).toEqual(['a'])
})

test("a stranger's entry that links to the database's own stays outside", async () => {
  const a = await h.peer(null, { apply: quickstart })
  await a.append('{"hello":"world"}')
  const evil = await stranger(a)
  const links = [{ key: a.key as Uint8Array, length: 1 }]
  const value = b4a.from(JSON.stringify({ addWriter: evil.core.id }))
  await isRefused(a, evil, { value, optimistic: true, links, timestamp: Date.now() + 1000 })
  expect([...a.writers].length).toBe(1)
})

test("a stranger's unit that makes apply throw is refused, and everybody goes on", async () => {
  const a = await h.peer(null, { apply: welcoming })
  const errors = collect(a, 'error')
  await a.append('{"say":"a"}')
  const value = b4a.from('{"join":"evil","throws":true}')
  await isRefused(a, await stranger(a), { value, optimistic: true })
  await a.append('{"say":"b"}')
  expect(Object.keys(await contents(a))).toEqual(['a', 'b'])
  expect([...a.writers].length).toBe(1)
  expect(errors).toEqual([])
})

test("a stranger's unit that an indexer refers to and that makes apply throw is skipped: rejected", async () => {
  const a = await h.peer(null, { apply: welcoming })
  const writer = await h.hostile(a.key as Uint8Array, { name: 'writer' })
  const evil = await h.hostile(a.key as Uint8Array, { name: 'stranger' })
  const rejected = collect(a, 'rejected')
  connect(a, writer)
  connect(a, evil)
  const admitting = await h.peer(a.key, { apply: welcoming })
  connect(a, admitting)
  await writer.write({ value: b4a.from('{"join":"writer"}'), optimistic: true })
  await until(() => [...a.writers].length === 2)
  const timestamp = Date.now() + 10
  await evil.write({ value: b4a.from('{"say":"x","throws":1}'), optimistic: true, timestamp })
  const links = [{ key: evil.key, length: 1 }]
  await writer.write({ value: b4a.from('{"say":"dragged"}'), links, timestamp: timestamp + 1 })
  await sees(a, 'dragged')
  await sees(admitting, 'dragged')
  expect(rejected).toContainEqual({ key: evil.key, length: 1, reason: 'APPLY_FAILED' })
  expect(await contents(a)).toEqual(await contents(admitting))
  expect([...a.writers].length).toBe(2)
})

test('an optimistic append that apply acknowledges makes the stranger a writer on every peer', async () => {
  const a = await h.peer(null, { apply: welcoming })
  const b = await h.peer(a.key, { apply: welcoming })
  const reader = await h.peer(a.key, { apply: welcoming })
  await a.append('{"say":"a"}')
  connect(a, b)
  connect(a, reader)
  await sees(b, 'a')
  await expect(b.append('{"say":"no"}')).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  await b.append('{"join":"b"}', { optimistic: true })
  await until(() => b.writable && a.local.length === 2)
  await b.append('{"say":"writer now"}')
  for (const db of [a, reader]) await sees(db, 'b', 'writer now')
  expect(await contents(reader)).toEqual(await contents(a))
  expect([...reader.writers].length).toBe(2)
})

test('an optimistic append shows at once on its own peer, offline too', async () => {
  const a = await h.peer(null, { apply: welcoming })
  const b = await h.peer(a.key, { apply: welcoming })
  await a.append('{"say":"a"}')
  const cut = connect(a, b)
  await sees(b, 'a')
  await cut()
  await b.append('{"once":"offline"}', { optimistic: true })
  expect(Object.keys(await contents(b))).toEqual(['a', 'offline'])
  connect(a, b)
  await sees(a, 'offline')
  expect([...a.writers].length).toBe(1)
})

test('an optimistic append that apply does not acknowledge rejects, and writes nothing', async () => {
  const a = await h.peer(null, { apply: quickstart })
  const b = await h.peer(a.key, { apply: quickstart })
  await a.append('{"hello":"world"}')
  connect(a, b)
  await sees(b, 'latest')
  const value = JSON.stringify({ addWriter: b.local.id })
  await expect(b.append(value, { optimistic: true })).rejects.toMatchObject({ code: 'NOT_WRITABLE' })
  expect(b.local.length).toBe(0)
  expect(b.writable).toBe(false)
})

test('with optimistic: false an indexer lets no stranger in', async () => {
  const a = await h.peer(null, { apply: welcoming, optimistic: false })
  const b = await h.peer(a.key, { apply: welcoming })
  await a.append('{"say":"a"}')
  connect(a, b)
  await sees(b, 'a')
  await b.append('{"join":"b"}', { optimistic: true })
  await a.append('{"say":"b"}')
  await a.flush()
  expect([...a.writers].length).toBe(1)
  expect(Object.keys(await contents(a))).toEqual(['a', 'b'])
})

test('a stranger who is let in once stays a stranger, and may be let in again', async () => {
  const a = await h.peer(null, { apply: welcoming })
  const b = await h.peer(a.key, { apply: welcoming })
  await a.append('{"say":"a"}')
  connect(a, b)
  await sees(b, 'a')
  await b.append('{"once":"first"}', { optimistic: true })
  await sees(a, 'first')
  await b.append('{"once":"second"}', { optimistic: true })
  await sees(a, 'second')
  expect(b.writable).toBe(false)
  expect([...a.writers].length).toBe(1)
})

test('a unit larger than a stranger may send is refused', async () => {
  const a = await h.peer(null, { apply: welcoming })
  await a.append('{"say":"a"}')
  const evil = await stranger(a)
  const value = b4a.from(JSON.stringify({ join: 'evil', padding: 'x'.repeat(65 * 1024) }))
  await isRefused(a, evil, { value, optimistic: true })
  expect([...a.writers].length).toBe(1)
})

test("a unit larger than that in one block is not even fetched from a stranger's oplog", async () => {
  const a = await h.peer(null, { apply: welcoming })
  await a.append('{"say":"a"}')
  const evil = await h.hostile(a.key as Uint8Array)
  const value = b4a.alloc(1024 * 1024)
  await evil.write(...Array.from({ length: 8 }, () => ({ value, optimistic: true })))
  connect(a, evil)
  let bytes = 0
  evil.core.on('upload', (_, size) => {
    bytes += size
  })
  await until(() => evil.core.peers.length > 0)
  await until(() => !isOpen(a, evil.core))
  expect(bytes).toBeLessThan(2 * 1024 * 1024)
})

test('a refused stranger leaves no block behind', async () => {
  const a = await h.peer(null, { apply: quickstart })
  await a.append('{"hello":"world"}')
  const evil = await stranger(a)
  await isRefused(a, evil, { value: b4a.from('{}'), optimistic: true })
  const left = h.storeOf(a).get({ key: evil.key, active: false })
  await left.ready()
  expect(await left.has(0)).toBe(false)
  await left.close()
})

test('announcing cores of this very store as those of strangers deletes none of their blocks', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, apply: quickstart })
  const other = await h.peer(null, { store: store.store.namespace('other'), apply: quickstart })
  const plain = store.store.get({ name: 'plain' })
  await plain.append(['not', 'an', 'oplog'])
  await a.append('{"hello":"world"}')
  await other.append('{"hello":"other"}')
  const views = [...a.views(), ...other.views()].filter(({ length }) => length > 0)
  expect(views.length).toBeGreaterThan(0)
  const own = [other.local.key, plain.key, ...views.map(({ key }) => key)]
  const evil = await h.hostile(a.key as Uint8Array)
  evil.announcement = () => [...own, evil.key].map(key => ({ key, length: 100 }))
  connect(a, evil)
  await isRefused(a, evil, { value: b4a.from('{}'), optimistic: true })
  await a.append('{"goes":"on"}')
  for (const key of own) {
    const core = store.store.get({ key })
    await core.ready()
    expect(core.length).toBeGreaterThan(0)
    expect(await core.has(0, core.length)).toBe(true)
    await core.close()
  }
})

test('a flood of strangers stays within bounds, and hinders nobody', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store, apply: quickstart })
  const b = await h.peer(a.key, { apply: quickstart })
  await a.append(JSON.stringify({ addWriter: b.local.id }))
  connect(a, b)
  const before = store.store.cores.size
  const evil = await h.hostile(a.key as Uint8Array)
  const keys: Uint8Array[] = []
  let fetched = 0
  for (let i = 0; i < 150; i++) {
    const core = evil.store.get({ name: `stranger ${i}` })
    await core.ready()
    const value = b4a.from(JSON.stringify({ addWriter: core.id }))
    await core.append(block({ value, optimistic: true }, { core: core.key, index: 0 }))
    core.once('upload', () => fetched++)
    keys.push(core.key)
  }
  // most of the announced do not exist at all
  const made = Array.from({ length: 3000 }, (_, i) => {
    const key = b4a.alloc(32, 1)
    new DataView(key.buffer, key.byteOffset).setUint32(0, i)
    return key
  })
  evil.announcement = () => [...keys, ...made].map(key => ({ key, length: 1 }))
  connect(a, evil)
  let most = 0
  await until(async () => {
    evil.announce()
    const held = [...store.store.cores] as { allSessions(): unknown[] }[]
    most = Math.max(most, held.filter(core => core.allSessions().length > 0).length)
    return fetched >= 64
  })
  await b.append('{"hello":"all"}')
  await sees(a, 'latest')
  expect(most).toBeLessThanOrEqual(before + 64 + 4)
  expect([...a.writers].length).toBe(2)
})
