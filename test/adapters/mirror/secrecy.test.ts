import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import { admit, harness, until } from '../../core/harness.ts'
import { everything } from './contents.ts'
import { line, mirrorHarness, TestAsker } from './harness.ts'

const h = harness()
const m = mirrorHarness()

/**
 * Two writers, who append what they share and who are mirrored all the while, and a newcomer who has it all from the mirror.
 * Gives all that reached the mirror (on the wire, and decrypted by its Noise streams) and all that its store has.
 */
async function run({
  encryptionKey,
  values
}: {
  encryptionKey: Uint8Array | null
  values: Uint8Array[]
}): Promise<{ wire: Uint8Array[]; stored: Uint8Array[] }> {
  const options = { encryptionKey }
  const seen: Uint8Array[] = []
  const tap = (bytes: Uint8Array) => seen.push(bytes)
  const mine = (await m.store()).store
  const host = await m.host({ store: mine })
  const a = await h.peer(null, options)
  const b = await h.peer(a.key, options)
  const { asker, keyPair } = new TestAsker({ key: a.key!, heads: () => a.oplogs() })
  m.later(() => asker.close())
  const way = await line(a, host, { keyPair, tap })
  asker.connect(way.muxerA)
  const direct = await line(b, host, { tap })
  const cut = await admit(a, b)
  for (const db of [a, b])
    for (const value of values)
      await db.append(JSON.stringify({ put: { [b4a.toString(value, 'latin1')]: 1 } }))
  const heads = [a.local, b.local].map(({ key, length }) => ({ key, length }))
  await until(() =>
    heads.every(head => a.oplogs().some(has => b4a.equals(has.key, head.key) && has.length >= head.length))
  )
  await asker.stored()
  await Promise.all([way.cut(), direct.cut(), cut()])
  const c = await h.peer(a.key, options)
  await line(c, host, { tap })
  await until(
    () =>
      [...c.oplogs()].reduce((sum, { length }) => sum + length, 0) ===
      heads.reduce((sum, { length }) => sum + length, 0)
  )
  return { wire: [...seen, b4a.concat(seen)], stored: await everything(mine) }
}

test('neither plaintext nor the encryption key ever reaches a mirror', async () => {
  // of letters and digits, so that they pass through JSON as they are
  const secret = () => b4a.from(b4a.toString(crypto.randomBytes(24), 'hex'))
  const marker = secret()
  const encryptionKey = secret().subarray(0, 32)
  const has = (all: Uint8Array[], what: Uint8Array) => all.some(bytes => b4a.indexOf(bytes, what) !== -1)

  // the same search finds both where nothing is encrypted
  const plain = await run({ encryptionKey: null, values: [marker, encryptionKey] })
  for (const seen of [plain.wire, plain.stored])
    for (const secret of [marker, encryptionKey]) expect(has(seen, secret)).toBe(true)

  const encrypted = await run({ encryptionKey, values: [marker] })
  const hex = b4a.from(b4a.toString(encryptionKey, 'hex'))
  for (const seen of [encrypted.wire, encrypted.stored]) {
    expect(seen.length).toBeGreaterThan(10)
    for (const secret of [marker, encryptionKey, hex]) expect(has(seen, secret)).toBe(false)
  }
})
