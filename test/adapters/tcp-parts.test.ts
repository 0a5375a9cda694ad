import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backoff } from '../../adapters/transport/backoff.ts'
import { HandshakeGuard } from '../../adapters/transport/handshake-guard.ts'
import { groupOf, Places } from '../../adapters/transport/places.ts'

describe('the pauses between attempts', () => {
  const delays = (backoff: Backoff, count: number): number[] =>
    Array.from({ length: count }, () => backoff.next().delay)

  test('double up to the longest, from 100 ms to 10 s', () => {
    const backoff = new Backoff({ random: () => 1 })
    expect(delays(backoff, 9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
    expect(backoff.next()).toEqual({ attempt: 10, delay: 10_000 })
  })

  test('are shortened by up to half', () => {
    expect(delays(new Backoff({ random: () => 0 }), 3)).toEqual([50, 100, 200])
  })

  test('start anew after a connection that lasted, and only after such a one', () => {
    const backoff = new Backoff({ random: () => 1 })
    delays(backoff, 3)
    backoff.ended(4_999)
    expect(backoff.next()).toEqual({ attempt: 4, delay: 800 })
    backoff.ended(5_000)
    expect(backoff.next()).toEqual({ attempt: 1, delay: 100 })
  })

  test('stay the longest for ever', () => {
    const backoff = new Backoff({ random: () => 1 })
    delays(backoff, 5_000)
    expect(backoff.next().delay).toBe(10_000)
  })
})

describe('the guard of the handshake', () => {
  const frame = (length: number): number[] => [length & 255, length >> 8, 0, ...new Array(length).fill(7)]

  test('lets a handshake through however it is cut, and everything that follows it', () => {
    const cut = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 1, max: 1_024 }),
        cut,
        fc.uint8Array({ maxLength: 200 }),
        (isInitiator, length, cuts, rest) => {
          const guard = new HandshakeGuard({ isInitiator })
          const frames = isInitiator ? frame(length) : [...frame(length), ...frame(64)]
          const bytes = Uint8Array.from([...frames, ...rest])
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = at + (cuts[i % cuts.length] as number)
            expect(guard.accepts(bytes.subarray(at, end))).toBe(true)
            expect(guard.isDone).toBe(Math.min(end, bytes.length) >= frames.length)
            at = end
          }
        }
      )
    )
  })

  test('stops whoever announces a longer one, or an empty one, at the header', () => {
    for (const header of [
      [1, 4, 0],
      [0, 0, 1],
      [0, 0, 0]
    ]) {
      const guard = new HandshakeGuard({ isInitiator: false })
      const answers = header.map(byte => guard.accepts(Uint8Array.of(byte)))
      expect(answers).toEqual([true, true, false])
    }
    const second = new HandshakeGuard({ isInitiator: false })
    expect(second.accepts(Uint8Array.from([...frame(32), 255, 255, 255]))).toBe(false)
  })
})

describe('the places', () => {
  test('are counted in all and for each address, and given back', () => {
    const places = new Places({ most: 3, mostPerAddress: 2 })
    expect(['a', 'a', 'a', 'b', 'c'].map(address => places.take(address))).toEqual([
      null,
      null,
      'FULL_ADDRESS',
      null,
      'FULL'
    ])
    places.free('a')
    places.free('nobody')
    expect(['b', 'c'].map(address => places.take(address))).toEqual([null, 'FULL'])
  })

  test('an IPv6 address stands for its /64, an IPv4 address for itself however it is written', () => {
    const groups: Record<string, string> = {
      '127.0.0.1': '127.0.0.1',
      '::ffff:127.0.0.1': '127.0.0.1',
      '::1': '0:0:0:0::/64',
      '2001:db8:0:7::1': '2001:db8:0:7::/64',
      '2001:DB8:0:0007:1:2:3:4': '2001:db8:0:7::/64',
      '2001:db8::1:2:3:4:5': '2001:db8:0:1::/64',
      'fe80::1%eth0': 'fe80:0:0:0::/64'
    }
    for (const [address, group] of Object.entries(groups)) expect(groupOf(address)).toBe(group)
  })
})
