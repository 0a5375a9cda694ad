import b4a from 'b4a'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  channelOfData,
  decodeFrame,
  encodeFrame,
  type Frame,
  RESETS,
  type ResetReason,
  readdressData,
  topicHash
} from '../../../adapters/transport/relay/frames.ts'

const u32 = fc.nat({ max: 2 ** 32 - 1 })
const some = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const topic = fc.uint8Array({ minLength: 32, maxLength: 32 })
const version = fc.nat({ max: 255 })
const kind = <T extends Frame['type']>(type: T) => fc.constant(type)

const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: kind('hello'), version, token: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
  fc.record({ type: fc.constantFrom('join' as const, 'leave' as const, 'refused' as const), topic }),
  fc.record({ type: kind('welcome'), version, window: some, frame: some, heartbeat: some }),
  fc.record({ type: kind('open'), channel: u32, isInitiator: fc.boolean(), topic }),
  fc.record({ type: kind('alive') }),
  fc.record({ type: kind('data'), channel: u32, payload: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ type: kind('window'), channel: u32, credit: some }),
  fc.record({ type: kind('end'), channel: u32 }),
  fc.record({
    type: kind('reset'),
    channel: u32,
    reason: fc.constantFrom(...(Object.keys(RESETS) as ResetReason[]))
  })
)

/** Comparable: some bytes are views, and some are Buffers. */
function plain(frame: Frame): object {
  return Object.fromEntries(
    Object.entries(frame).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? b4a.toString(value, 'hex') : value
    ])
  )
}

describe('frames', () => {
  test('are read as they were written, also from the middle of a buffer', () => {
    fc.assert(
      fc.property(frames, fc.nat({ max: 9 }), (frame, before) => {
        const bytes = encodeFrame(frame)
        const within = new Uint8Array(before + bytes.length + 3)
        within.set(bytes, before)
        expect(plain(decodeFrame(within.subarray(before, before + bytes.length)))).toEqual(plain(frame))
      })
    )
  })

  test('cut short or too long are PROTOCOL, but for those that may have any length', () => {
    fc.assert(
      fc.property(frames, fc.nat({ max: 60 }), (frame, length) => {
        const bytes = encodeFrame(frame)
        fc.pre(length !== bytes.length && frame.type !== 'data' && frame.type !== 'hello')
        const other = new Uint8Array(length)
        other.set(bytes.subarray(0, length))
        expect(() => decodeFrame(other)).toThrow(
          expect.objectContaining({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
        )
      })
    )
  })

  test('of any bytes are a frame that is written the same, or PROTOCOL', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(1, 2, 3, 16, 17, 32, 33, 34, 35, 36),
        (bytes, type) => {
          if (bytes.length > 0) bytes[0] = type
          let frame: Frame
          try {
            frame = decodeFrame(bytes)
          } catch (error) {
            expect(error).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
            return
          }
          // a token that is no UTF-8 and a reason of later versions are read as something else
          if (frame.type !== 'hello' && frame.type !== 'reset')
            expect([...encodeFrame(frame)]).toEqual([...bytes])
        }
      ),
      { numRuns: 2_000 }
    )
  })

  test('of data are known by their channel, and get another one without being read', () => {
    fc.assert(
      fc.property(frames, u32, (frame, channel) => {
        const bytes = encodeFrame(frame)
        expect(channelOfData(bytes)).toBe(frame.type === 'data' ? frame.channel : null)
        if (frame.type !== 'data') return
        readdressData(bytes, channel)
        expect(plain(decodeFrame(bytes))).toEqual(plain({ ...frame, channel }))
      })
    )
  })

  test('a reason that this version does not know is FAILED', () => {
    expect(decodeFrame(Uint8Array.of(0x23, 0, 0, 0, 7, 99))).toEqual({
      type: 'reset',
      channel: 7,
      reason: 'FAILED'
    })
  })

  test('the hash of a topic is 32 bytes, its own for each, and not the topic', () => {
    const [one, other] = [b4a.alloc(32, 1), b4a.alloc(32, 2)]
    expect(topicHash(one).length).toBe(32)
    expect(b4a.equals(topicHash(one), topicHash(b4a.from(one)))).toBe(true)
    expect(b4a.equals(topicHash(one), topicHash(other))).toBe(false)
    expect(b4a.equals(topicHash(one), one)).toBe(false)
  })
})
