import b4a from 'b4a'
import { expect, test } from 'vitest'
import {
  decodeOperation,
  encodeOperation,
  MirrorRecord,
  type Operation
} from '../../../adapters/transport/mirror/record.ts'
import { mirrorHarness } from './harness.ts'

const m = mirrorHarness()
const key = (byte: number) => b4a.alloc(32, byte)

const VECTORS: [Operation, string][] = [
  [{ type: 'start' }, '0100'],
  [{ type: 'ask', database: key(1), asker: key(2) }, `0101${'01'.repeat(32)}${'02'.repeat(32)}`],
  [
    { type: 'cores', database: key(1), keys: [key(3), key(4)] },
    `0102${'01'.repeat(32)}02${'03'.repeat(32)}${'04'.repeat(32)}`
  ],
  [{ type: 'leave', database: key(1), asker: key(2) }, `0103${'01'.repeat(32)}${'02'.repeat(32)}`],
  [{ type: 'gone', database: key(1) }, `0104${'01'.repeat(32)}`]
]

test('an entry of the record has these bytes', () => {
  for (const [operation, hex] of VECTORS) {
    expect(b4a.toString(encodeOperation(operation), 'hex')).toBe(hex)
    expect(decodeOperation(b4a.from(hex, 'hex'))).toEqual(operation)
  }
})

test('an entry that is none is STORE_CORRUPT, one of a later version UPGRADE_REQUIRED', () => {
  for (const hex of ['', '01', '0105', '0101', `0102${'01'.repeat(32)}fdffff`, `0102${'01'.repeat(32)}05`])
    expect(() => decodeOperation(b4a.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' })
    )
  expect(() => decodeOperation(b4a.from('0200', 'hex'))).toThrow(
    expect.objectContaining({ code: 'UPGRADE_REQUIRED' })
  )
})

test('a record that changes for long stays short, and says the same when it is opened again', async () => {
  const place = await m.store()
  const record = await MirrorRecord.open(place.store)
  await record.write([
    { type: 'ask', database: key(1), asker: key(2) },
    { type: 'cores', database: key(1), keys: [key(1)] }
  ])
  for (let i = 0; i < 300; i++) {
    const type = i % 2 === 0 ? 'ask' : 'leave'
    await record.write([{ type, database: key(1), asker: key(3) }])
  }
  await record.write([{ type: 'cores', database: key(1), keys: [key(5)] }])
  const entries = new Map(record.entries)
  await record.close()
  await place.store.close()
  const store = await place.reopen()
  const core = store.get({ name: 'autobee/mirror' })
  await core.ready()
  let blocks = 0
  for (let i = 0; i < core.length; i++) if (await core.has(i)) blocks++
  expect(blocks).toBeLessThan(100)
  const again = await MirrorRecord.open(store)
  expect(new Map(again.entries)).toEqual(entries)
  expect(again.entries.get(b4a.toString(key(1), 'hex'))?.cores.size).toBe(2)
  await again.close()
})
