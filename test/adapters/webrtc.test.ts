import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AutobeeError } from '../../adapters/entry/node.ts'
import { Batch } from '../../adapters/transport/webrtc/batch.ts'
import {
  creditFrame,
  dataFrame,
  decodeChannelFrame,
  endFrame,
  PAYLOAD,
  resetFrame,
  WINDOW
} from '../../adapters/transport/webrtc/frames.ts'
import { decodeSignal, encodeSignal, type Signal } from '../../adapters/transport/webrtc/signals.ts'
import { webRtc } from '../../adapters/transport/webrtc.ts'

const RUNS = 10_000

const DATA = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'
const attempt = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

const signal: fc.Arbitrary<Signal> = fc.oneof(
  fc.record({
    type: fc.constantFrom('offer' as const, 'answer' as const),
    attempt,
    sdp: fc.string({ unit: 'grapheme', maxLength: 100 }).map(text => DATA + text.replaceAll('m=', ''))
  }),
  fc.record({
    type: fc.constant('candidate' as const),
    attempt,
    candidate: fc.record({
      candidate: fc.string({ maxLength: 100 }),
      sdpMid: fc.option(fc.string({ minLength: 1, maxLength: 10 })),
      sdpMLineIndex: fc.option(fc.constant(0))
    })
  }),
  fc.record({ type: fc.constant('abort' as const), attempt })
)

/** Random bytes, and what is right but for a few of them. */
function hostile(right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const altered = fc
    .tuple(right, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }), fc.nat())
    .map(([bytes, changes, cut]) => {
      const copy = Uint8Array.from(bytes)
      for (const [place, value] of changes) copy[place % copy.length] = value
      return cut % 3 === 0 ? copy.subarray(0, cut % (copy.length + 1)) : copy
    })
  return fc.oneof(fc.uint8Array({ maxLength: 200 }), altered)
}

test('signals come out as they went in', () => {
  fc.assert(
    fc.property(signal, signal => {
      expect(decodeSignal(encodeSignal(signal))).toEqual(signal)
    })
  )
})

test('whatever comes for a signal is one, or fails with PROTOCOL', () => {
  fc.assert(
    fc.property(hostile(signal.map(encodeSignal)), bytes => {
      const decoded = outcomeOf(() => decodeSignal(bytes))
      if (decoded) expect(decodeSignal(encodeSignal(decoded))).toEqual(decoded)
    }),
    { numRuns: RUNS }
  )
})

test('a signal that is too long, or describes more than data, is none', () => {
  for (const sdp of [
    DATA + 'x'.repeat(1 << 14),
    `${DATA}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`,
    DATA + DATA,
    'v=0\r\n',
    'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'
  ])
    expect(outcomeOf(() => decodeSignal(encodeSignal({ type: 'offer', attempt: 1, sdp })))).toBeNull()
})

test('whatever comes for a message of the data channel is one, or fails with PROTOCOL', () => {
  const right = fc.constantFrom(dataFrame(3).message, creditFrame(WINDOW), endFrame(), resetFrame(true))
  fc.assert(
    fc.property(hostile(right), bytes => {
      const frame = outcomeOf(() => decodeChannelFrame(bytes))
      if (frame?.type === 'data') expect(frame.payload.length).toBeGreaterThan(0)
      if (frame?.type === 'credit') expect(frame.credit > 0 && frame.credit <= WINDOW).toBe(true)
    }),
    { numRuns: RUNS }
  )
  expect(outcomeOf(() => decodeChannelFrame(dataFrame(PAYLOAD).message))?.type).toBe('data')
  expect(outcomeOf(() => decodeChannelFrame(dataFrame(PAYLOAD + 1).message))).toBeNull()
})

test('a batch is cut anew without losing a byte', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
      (chunks, sizes) => {
        const batch = new Batch(chunks)
        const taken: number[] = []
        while (batch.bytes > 0) {
          const into = new Uint8Array(Math.min(sizes.next().value as number, batch.bytes))
          batch.take(into)
          taken.push(...into)
        }
        expect(taken).toEqual(chunks.flatMap(chunk => [...chunk]))
      }
    )
  )
})

test('webRtc rejects options that are none with INVALID_ARGUMENT', () => {
  for (const options of [
    { iceServers: 'stun:example.org' },
    { iceServers: [{ urls: 'https://example.org' }] },
    { iceServers: [null] },
    { iceServers: [{ urls: [] }] },
    { retry: { first: 0 } },
    { timeout: 0 },
    { lostTimeout: Number.NaN },
    { maxConnections: -1 }
  ])
    expect(codeOf(() => webRtc(options as never))).toBe('INVALID_ARGUMENT')
  webRtc({
    iceServers: [{ urls: ['stun:example.org', 'turns:example.org:443'] }],
    retry: { random: Math.random }
  })
})

function outcomeOf<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    expect(error).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'PROTOCOL' })
    return null
  }
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return AutobeeError.is(error) ? error.code : undefined
  }
  return undefined
}
