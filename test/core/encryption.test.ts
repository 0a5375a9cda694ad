import b4a from 'b4a'
import type Corestore from 'corestore'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { admit, collect, connect, contents, harness, op, sees, until } from './harness.ts'

const h = harness()
const encryptionKey = crypto.randomBytes(32)
const otherKey = crypto.randomBytes(32)
const SECRET = 'correct horse battery staple'

test('an encrypted database works end to end', async () => {
  const store = await h.store()
  const a = await h.peer(null, { encryptionKey, store })
  const b = await h.peer(a.key, { encryptionKey })
  await admit(a, b)
  await a.append(op({ put: { a: SECRET } }))
  await b.append([op({ put: { b: 1 } }), op({ put: { c: 1 } })])
  for (const db of [a, b]) await sees(db, 'a', 'b', 'c')
  expect(await contents(a)).toEqual(await contents(b))
  await a.close()
  const again = await h.peer(null, { encryptionKey, store })
  expect(await contents(again)).toEqual({ a: SECRET, b: '1', c: '1' })
})

/** Every byte that a store keeps, as one text for each record. */
async function* records(store: Corestore): AsyncIterable<string> {
  const db = store.storage.db as unknown as {
    iterator(range: object): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>
  }
  const range = { gte: b4a.alloc(1), lt: b4a.alloc(64, 0xff) }
  for await (const { key, value } of db.iterator(range))
    yield b4a.toString(b4a.concat([key, value]), 'latin1')
}

async function storeHas(store: Corestore, text: string): Promise<boolean> {
  for await (const record of records(store)) if (record.includes(text)) return true
  return false
}

test.each([
  ['an encrypted', true],
  ['a plain', false]
])('%s database: is the plaintext of a key or value in the store? no, yes', async (_, isEncrypted) => {
  const stores = [await h.store(), await h.store()] as const
  const options = isEncrypted ? { encryptionKey } : {}
  const a = await h.peer(null, { ...options, store: stores[0] })
  const b = await h.peer(a.key, { ...options, store: stores[1] })
  await admit(a, b)
  await b.append(op({ put: { [`key ${SECRET}`]: SECRET } }))
  for (let i = 0; i < 70; i++) await a.append(op({ put: { [`other ${i}`]: SECRET } }))
  await sees(a, `key ${SECRET}`)
  await sees(b, 'other 69')
  for (const { store } of stores) expect(await storeHas(store, SECRET)).toBe(!isEncrypted)
})

test('the plaintext of a value is nowhere on the wire, nor with a mirror that has no encryption key', async () => {
  const a = await h.peer(null, { encryptionKey })
  await a.append(op({ put: { a: SECRET } }))
  const mirror = await h.store()
  const copy = mirror.store.get({ key: a.key as Uint8Array })
  await copy.ready()
  const wire: Uint8Array[] = []
  const left = a.replicate(true)
  const right = mirror.store.replicate(false)
  for (const stream of [left, right]) stream.on('error', () => {})
  left.on('data', bytes => wire.push(bytes as Uint8Array))
  left.pipe(right as never)
  right.pipe(left as never)
  const block = (await copy.get(0)) as Uint8Array
  expect(block.byteLength).toBeGreaterThan(SECRET.length)
  expect(b4a.toString(block, 'latin1')).not.toContain(SECRET)
  expect(b4a.toString(b4a.concat(wire), 'latin1')).not.toContain(SECRET)
  expect(await storeHas(mirror.store, SECRET)).toBe(false)
  left.destroy()
})

test.each([
  ['a wrong encryption key', { encryptionKey }, { encryptionKey: otherKey }],
  ['no encryption key for an encrypted database', { encryptionKey }, {}],
  ['an encryption key for a plain database', {}, { encryptionKey }]
])(
  'with %s the owner is not ready: ENCRYPTION_KEY_MISMATCH, and nothing is written',
  async (_, made, given) => {
    const store = await h.store()
    const a = await h.peer(null, { ...made, store })
    await a.append(op({ put: { a: 1 } }))
    await a.close()
    const before: string[] = []
    for await (const record of records(store.store)) before.push(record)
    const wrong = h.make(store, null, given)
    const frozen = collect(wrong, 'writer-frozen')
    await expect(wrong.ready()).rejects.toMatchObject({ code: 'ENCRYPTION_KEY_MISMATCH' })
    await expect(wrong.append(op({ put: { b: 1 } }))).rejects.toMatchObject({
      code: 'ENCRYPTION_KEY_MISMATCH'
    })
    await wrong.close()
    expect(frozen).toEqual([])
    const after: string[] = []
    for await (const record of records(store.store)) after.push(record)
    expect(after).toEqual(before)
    const right = await h.peer(null, { ...made, store })
    await right.append(op({ put: { c: 1 } }))
    expect(await contents(right)).toEqual({ a: '1', c: '1' })
  }
)

test.each([
  ['a wrong encryption key', { encryptionKey }, { encryptionKey: otherKey }, 'ENCRYPTION_KEY_MISMATCH'],
  ['no encryption key for an encrypted database', { encryptionKey }, {}, 'ENCRYPTION_KEY_MISMATCH'],
  ['an encryption key for a plain database', {}, { encryptionKey }, 'ENCRYPTION_KEY_MISMATCH'],
  ['another value encoding', {}, { valueEncoding: 'utf-8' as const }, 'OPTIONS_MISMATCH']
])('a joiner with %s learns it from the first block: %#', async (_, made, given, code) => {
  const a = await h.peer(null, made)
  await a.append(op({ put: { a: 1 } }))
  const store = await h.store()
  const b = await h.peer(a.key, { ...given, store })
  const errors = collect(b, 'error')
  const frozen = collect(b, 'writer-frozen')
  const cut = connect(a, b)
  await until(() => errors.length > 0)
  expect(errors).toMatchObject([{ code }])
  expect(frozen).toEqual([])
  await expect(b.append('x', { optimistic: true })).rejects.toMatchObject({ code })
  await expect(b.update()).rejects.toMatchObject({ code })
  await expect(b.flush()).rejects.toMatchObject({ code })
  expect(b.local.length).toBe(0)
  expect(await contents(b)).toEqual({})
  await cut()
  await b.close()
  // the block is here now
  await expect(h.make(store, a.key, given).ready()).rejects.toMatchObject({ code })
  const right = await h.peer(a.key, { ...made, store })
  connect(a, right)
  await sees(right, 'a')
})

test('the owner who reopens with another value encoding is not ready: OPTIONS_MISMATCH', async () => {
  const store = await h.store()
  const a = await h.peer(null, { store })
  await a.append(op({ put: { a: 1 } }))
  await a.close()
  for (const valueEncoding of ['json', 'utf-8'] as const) {
    await expect(h.make(store, null, { valueEncoding }).ready()).rejects.toMatchObject({
      code: 'OPTIONS_MISMATCH'
    })
  }
  const again = await h.peer(null, { store })
  expect(await contents(again)).toEqual({ a: '1' })
})

test('a codec of the user is told from the encodings that come with the package', async () => {
  const store = await h.store()
  const valueEncoding = {
    encode: (text: string) => b4a.from(text),
    decode: (bytes: Uint8Array) => b4a.toString(bytes)
  }
  const apply = () => {}
  const a = await h.peer(null, { store, apply, valueEncoding: valueEncoding as never })
  await a.append('one')
  await a.close()
  const named = { ...valueEncoding, name: 'mine' } as never
  await expect(h.make(store, null, { apply, valueEncoding: named }).ready()).rejects.toMatchObject({
    code: 'OPTIONS_MISMATCH'
  })
  await h.peer(null, { store, apply, valueEncoding: valueEncoding as never })
})
