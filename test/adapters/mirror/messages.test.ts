import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'
import { expect, test } from 'vitest'
import {
  decodeMessage,
  MESSAGE_TYPES,
  type MirrorMessage,
  MOST_KEYS,
  OUTGOING
} from '../../../adapters/transport/mirror/messages.ts'

const key = (byte: number) => b4a.alloc(32, byte)
const hex = (byte: string) => byte.repeat(32)
const encode = (message: MirrorMessage): Uint8Array => c.encode(OUTGOING as never, message)

const VECTORS: [MirrorMessage, string][] = [
  [{ type: 'mirror', database: key(1), keys: [key(1), key(2)] }, `${hex('01')}02${hex('01')}${hex('02')}`],
  [{ type: 'unmirror', database: key(1) }, hex('01')],
  [
    { type: 'held', database: key(1), heads: [{ key: key(2), length: 253 }] },
    `${hex('01')}01${hex('02')}fdfd00`
  ],
  [
    { type: 'refused', database: key(1), reason: 'CORES', limit: 3, used: 2, wanted: 4 },
    `${hex('01')}01030204`
  ],
  [{ type: 'forgotten', database: key(1), isFreed: true }, `${hex('01')}01`]
]

test('a message has these bytes', () => {
  for (const [message, bytes] of VECTORS) {
    expect(b4a.toString(encode(message), 'hex')).toBe(bytes)
    expect(decodeMessage(message.type, b4a.from(bytes, 'hex'))).toEqual(message)
  }
})

test('anything that is cut, longer, or too long a list is no message', () => {
  for (const [{ type }, bytes] of VECTORS) {
    const whole = b4a.from(bytes, 'hex')
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeMessage(type, whole.subarray(0, length))).toThrow()
    expect(() => decodeMessage(type, b4a.concat([whole, b4a.alloc(1)]))).toThrow()
  }
  const keys = Array.from({ length: MOST_KEYS + 1 }, () => key(1))
  expect(() => decodeMessage('mirror', encode({ type: 'mirror', database: key(1), keys }))).toThrow()
  const endless = b4a.concat([key(1), b4a.from('ffffffffffffff1f00', 'hex')])
  expect(() => decodeMessage('held', endless)).toThrow()
})

test('of 10,000 random byte strings each is refused, or is a message that is written the same or shorter', () => {
  let [messages, refused] = [0, 0]
  for (let i = 0; i < 10_000; i++) {
    const type = MESSAGE_TYPES[i % MESSAGE_TYPES.length]!
    const [, whole] = VECTORS[i % VECTORS.length]!
    const length = Math.max(32, whole.length / 2) + (i % 3) - 1
    const bytes = b4a.from(crypto.randomBytes(length))
    // numbers that are near to what is right
    if (i % 2) bytes.fill(i % 5, 32)
    try {
      const message = decodeMessage(type, bytes)
      messages++
      expect(decodeMessage(type, encode(message))).toEqual(message)
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'AssertionError') throw error
      refused++
    }
  }
  expect(messages).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(1000)
})
