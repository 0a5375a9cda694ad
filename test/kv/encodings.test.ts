import b4a from 'b4a'
import c from 'compact-encoding'
import { expect, test } from 'vitest'
import { Autobee } from '../../src/index.ts'
import type { KeyValueOptions } from '../../src/kv/index.ts'
import { connect, entries, harness, until } from './harness.ts'

const h = harness()
type Options = KeyValueOptions<never, never>

const OTHERS: Record<string, Options> = {
  'keys of another encoding': { keyEncoding: 'binary' as never },
  'values of another encoding': { valueEncoding: 'utf-8' as never },
  'keys and values exchanged': { keyEncoding: 'json' as never, valueEncoding: 'utf-8' as never },
  'a codec': { keyEncoding: c.uint as never },
  'a codec with a name': {
    valueEncoding: { name: 'mine', encode: () => b4a.alloc(0), decode: () => null as never }
  }
}

test.for(Object.keys(OTHERS))('%s: the same store is refused with OPTIONS_MISMATCH', async name => {
  const store = await h.store()
  const kv = await h.open(null, { store })
  await kv.put('a', 1)
  await kv.close()
  await expect(h.open<never, never>(null, { store, ...OTHERS[name] })).rejects.toMatchObject({
    code: 'OPTIONS_MISMATCH'
  })
  expect(await entries(await h.open(null, { store }))).toEqual([['a', 1]])
})

test.for(Object.keys(OTHERS))('%s: who joins gets OPTIONS_MISMATCH, and sees nothing', async name => {
  const a = await h.open()
  await a.put('a', 1)
  const b = await h.open<never, never>(a.key, OTHERS[name] as Options)
  const errors: string[] = []
  b.on('error', ({ code }) => errors.push(code))
  connect(a, b)
  await until(() => errors.length > 0)
  expect(errors).toEqual(['OPTIONS_MISMATCH'])
  expect(await entries(b)).toEqual([])
  await expect(b.addWriter(b.local.key)).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH' })
})

test('an Autobee that is no KeyValue does not open one by mistake, nor a KeyValue an Autobee', async () => {
  const [store, other] = [await h.store(), await h.store()]
  const kv = await h.open(null, { store })
  await kv.put('a', 1)
  await kv.close()
  const plain = new Autobee(store.store)
  h.onclose(() => plain.close())
  await expect(plain.ready()).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH' })
  const db = new Autobee(other.store, null, { valueEncoding: 'json' })
  h.onclose(() => db.close())
  await db.append(1)
  await db.close()
  await expect(h.open(null, { store: other })).rejects.toMatchObject({ code: 'OPTIONS_MISMATCH' })
})

test('peers with the same codec share a database; codecs go by their names', async () => {
  const named = (name: string) => ({
    name,
    encode: (n: number) => b4a.from([n]),
    decode: (b: Uint8Array) => b[0] as number
  })
  const options = { valueEncoding: named('byte') }
  const [a, b] = await h.pair<string, number>(options)
  await b.put('n', 7)
  await until(async () => (await a.get('n')) === 7)
  const other = await h.open<string, number>(a.key, { valueEncoding: named('byte values=other') })
  const errors: string[] = []
  other.on('error', ({ code }) => errors.push(code))
  connect(a, other)
  await until(() => errors.length > 0)
  expect(errors).toEqual(['OPTIONS_MISMATCH'])
})
