import b4a from 'b4a'
import c from 'compact-encoding'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHUNK_BLOCKS } from '../../src/sync/ranges/limits.ts'
import {
  decodeMessage,
  MESSAGE_TYPES,
  OUTGOING,
  type RangeMessage,
  type Refusal
} from '../../src/sync/ranges/messages.ts'
import { connect, harness, op, sees, until } from '../core/harness.ts'
import { counted } from './counted.ts'
import { Speaker } from './speaker.ts'

const h = harness()

const uint = fc.oneof(fc.nat(300), fc.maxSafeNat())
const bytes = (options: { minLength?: number; maxLength: number }) =>
  fc.uint8Array(options).map(array => b4a.from(array) as Uint8Array)
const key = bytes({ minLength: 32, maxLength: 32 })
const refusal = fc.constantFrom<Refusal>('UNKNOWN', 'INCOMPLETE', 'TOO_LARGE', 'BUSY')
const begin = fc.record({
  to: uint,
  signature: bytes({ maxLength: 100 }),
  signer: fc.option(key, { nil: null })
})

const message: fc.Arbitrary<RangeMessage> = fc.oneof(
  fc.record({
    type: fc.constant('have' as const),
    oplogs: fc.array(fc.record({ key, length: uint, bytes: uint }), { maxLength: 5 })
  }),
  fc.record({
    type: fc.constant('ask' as const),
    id: uint,
    key,
    from: uint,
    isLive: fc.boolean(),
    needsSigner: fc.boolean()
  }),
  fc.record({
    type: fc.constant('data' as const),
    id: uint,
    begin: fc.option(begin, { nil: null }),
    blocks: fc.array(bytes({ maxLength: 300 }), { minLength: 1, maxLength: 5 })
  }),
  fc.record({ type: fc.constant('none' as const), id: uint, reason: refusal }),
  fc.record({ type: fc.constant('cancel' as const), id: uint })
)

function encode(it: RangeMessage): Uint8Array {
  return c.encode(OUTGOING as never, it as never)
}

test('what is written is read back', () => {
  fc.assert(
    fc.property(message, it => {
      expect(decodeMessage(it.type, encode(it))).toEqual(it)
    }),
    { numRuns: 2000 }
  )
})

test('a message that is cut anywhere, or has something behind it, is none', () => {
  fc.assert(
    fc.property(message, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (it, where) => {
      const whole = encode(it)
      const cut = whole.subarray(0, Math.floor(where * whole.byteLength))
      expect(() => decodeMessage(it.type, cut)).toThrow()
      expect(() => decodeMessage(it.type, b4a.concat([whole, b4a.from([0])]))).toThrow()
    }),
    { numRuns: 3000 }
  )
})

test('whatever bytes come, they are a message within bounds or an error', () => {
  const type = fc.constantFrom(...MESSAGE_TYPES)
  const mutated = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([it, changes]) => {
      const frame = b4a.from(encode(it))
      for (const [at, byte] of changes) if (frame.byteLength > 0) frame[at % frame.byteLength] = byte
      return frame as Uint8Array
    })
  fc.assert(
    fc.property(type, fc.oneof(bytes({ maxLength: 200 }), mutated), (name, frame) => {
      let read: RangeMessage
      try {
        read = decodeMessage(name, frame)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        return
      }
      expect(read.type).toBe(name)
      if (read.type === 'data') {
        expect(read.blocks.length).toBeGreaterThan(0)
        expect(read.blocks.length).toBeLessThanOrEqual(CHUNK_BLOCKS)
        const sum = read.blocks.reduce((all, block) => all + block.byteLength, 0)
        expect(sum).toBeLessThan(frame.byteLength)
      }
    }),
    { numRuns: 10_000 }
  )
})

test('whatever frames a peer sends, the stream lives and the database goes on', async () => {
  const { db, ranges } = await counted(h)
  const reader = await counted(h, db.key)
  await db.append(op({ put: { first: 1 } }))
  connect(db, reader.db)
  const aimed = message.map(it => (it.type === 'ask' ? { ...it, key: db.key as Uint8Array } : it))
  const frame = fc.oneof(
    { weight: 3, arbitrary: aimed.map(it => [MESSAGE_TYPES.indexOf(it.type), encode(it)] as const) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(6), bytes({ maxLength: 100 })) }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 30 }), async frames => {
      const speaker = new Speaker(db.key as Uint8Array)
      const cut = connect(db, speaker)
      await until(() => speaker.isOpen)
      for (const [type, raw] of frames) speaker.sendRaw(type, raw)
      await speaker.roundTrip()
      expect(speaker.isEnded).toBe(false)
      await cut()
    }),
    { numRuns: 150 }
  )
  expect(ranges.taken).toBe(0)
  await db.append(op({ put: { last: 1 } }))
  await sees(reader.db, 'first', 'last')
}, 120_000)
