import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { type Island, openIsland, whyNoIsland } from './island.ts'
import type { Part } from './webrtc-client.ts'
import { KitPage, kitSite } from './webrtc-site.ts'

const reason = await whyNoIsland()
const skipped = reason ? ` (skipped: ${reason})` : ''

const [OFFER, ANSWER, CANDIDATE, ABORT] = [0, 1, 2, 3]
const DATA = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'

/** What a peer that offers signals; it costs the other side the upgrade, for the reason that is told. */
const HOSTILE: Record<string, { reason: string; signals: readonly (readonly Part[])[] }> = {
  nothing: { reason: 'PROTOCOL', signals: [[]] },
  'an unknown type': { reason: 'PROTOCOL', signals: [[4, 1]] },
  'more than there is to say': { reason: 'PROTOCOL', signals: [[ABORT, 1, 0]] },
  'an answer to nobody': { reason: 'PROTOCOL', signals: [[ANSWER, 1, DATA]] },
  'candidates of an attempt that is not made': {
    reason: 'PROTOCOL',
    signals: [[CANDIDATE, 1, 'candidate', '0', 1]]
  },
  'an attempt without a number': { reason: 'PROTOCOL', signals: [[OFFER, 0, DATA]] },
  'the same offer twice': {
    reason: 'PROTOCOL',
    signals: [
      [OFFER, 1, DATA],
      [OFFER, 1, DATA]
    ]
  },
  'an answer to its own offer': {
    reason: 'PROTOCOL',
    signals: [
      [OFFER, 1, DATA],
      [ANSWER, 1, DATA]
    ]
  },
  'an offer of sound': {
    reason: 'PROTOCOL',
    signals: [[OFFER, 1, `${DATA}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`]]
  },
  'an offer that is too long': { reason: 'PROTOCOL', signals: [[OFFER, 1, DATA + 'x'.repeat(1 << 14)]] },
  'a candidate that is too long': {
    reason: 'PROTOCOL',
    signals: [
      [OFFER, 1, DATA],
      [CANDIDATE, 1, 'x'.repeat(2000), '0', 1]
    ]
  },
  'too many candidates': {
    reason: 'PROTOCOL',
    signals: [
      [OFFER, 1, DATA],
      ...Array.from({ length: 65 }, (_, i) => [CANDIDATE, 1, `candidate:${i}`, '0', 1])
    ]
  },
  'an offer that describes nothing': { reason: 'WEBRTC', signals: [[OFFER, 1, DATA]] },
  'an offer that it gives up': {
    reason: 'WEBRTC',
    signals: [
      [OFFER, 1, DATA],
      [ABORT, 1]
    ]
  }
}

describe.skipIf(reason)(`an upgrade to WebRTC${skipped}`, () => {
  let site: Site
  let island: Island
  let page: KitPage

  beforeAll(async () => {
    site = await kitSite()
    island = await openIsland()
    await island.bridge(Number(new URL(site.url).port))
    page = await KitPage.open(island.browser, site.url)
  })

  afterAll(async () => {
    await page?.close()
    await island?.close()
    await site?.close()
  })

  test('each side gets one channel; the initiator alone offers', async () => {
    const outcome = await page.run(async () => {
      const from = kit.made.length
      const { ends } = await kit.channels()
      const types = kit.made.slice(from).map(({ connection }) => connection.localDescription?.type)
      const failures = [...ends.left.failures, ...ends.right.failures]
      await ends.close()
      return { types, failures }
    })
    expect(outcome).toEqual({ types: ['offer', 'answer'], failures: [] })
  })

  test('with a peer that cannot upgrade nothing is tried, and nothing fails', async () => {
    const outcome = await page.run(async () => {
      const from = kit.made.length
      const failures: unknown[] = []
      for (const options of [{ left: null }, { right: null }]) {
        const ends = await kit.pair(options)
        for (const { stream } of [ends.left, ends.right])
          await kit.until(() => stream.userData?.opened({ protocol: 'autobee/webrtc' }) !== true)
        failures.push(...ends.left.failures, ...ends.right.failures)
        await ends.close()
      }
      return { made: kit.made.length - from, failures }
    })
    expect(outcome).toEqual({ made: 0, failures: [] })
  })

  test('a channel outlives the connection over which it was signalled', async () => {
    const echoed = await page.run(async () => {
      const { ends, left, right } = await kit.channels()
      ends.left.stream.destroy()
      await kit.until(() => ends.left.stream.destroyed && ends.right.stream.destroyed)
      right.on('data', chunk => right.write(chunk))
      const { bytes } = kit.watch(left)
      left.write(kit.noise(100_000))
      await kit.until(() => bytes() === 100_000)
      await ends.close()
      return bytes()
    })
    expect(echoed).toBe(100_000)
  })

  test('a channel that dies is followed by another, as long as the connection over the relay is there', async () => {
    const made = await page.run(async () => {
      const from = kit.made.length
      const ends = await kit.pair({ left: { retry: { first: 10 } }, right: { retry: { first: 10 } } })
      const hold = (n: number) => ends.left.channels.length === n && ends.right.channels.length === n
      await kit.until(() => hold(1))
      kit.made[from]?.connection.close()
      await kit.until(() => hold(2))
      ends.right.channels[1]?.destroy()
      await kit.until(() => hold(3))
      await ends.close()
      return kit.made.length - from
    })
    expect(made).toBe(6)
  })

  test('closing either side gives up an attempt on both, and nothing is called back', async () => {
    const failures = await page.run(async () => {
      const failures: unknown[] = []
      for (const side of ['left', 'right'] as const) {
        const from = kit.made.length
        const ends = await kit.pair()
        await kit.until(() => kit.made.length === from + 2)
        ends[side].session?.close()
        ends[side].session?.close()
        await kit.until(() => kit.open() === 0 || ends.left.channels.length + ends.right.channels.length > 0)
        failures.push(...ends.left.failures, ...ends.right.failures)
        await ends.close()
        await kit.until(() => kit.open() === 0)
      }
      return failures
    })
    expect(failures).toEqual([])
  })

  test('no more connections are made than are allowed; those who wait get theirs when one is closed', async () => {
    const outcome = await page.run(async () => {
      let looks = 0
      const random = () => {
        looks++
        return 0
      }
      const retry = { first: 10, longest: 20 }
      const upgrade = kit.webRtc({ maxConnections: 1, retry: { ...retry, random } })
      const options = { left: upgrade, right: { retry } }
      const one = await kit.pair(options)
      await kit.until(() => one.left.channels.length === 1)
      const from = kit.made.length
      const other = await kit.pair(options)
      // each time that it has to wait a pause is drawn
      await kit.until(() => looks >= 3 || kit.made.length > from)
      const during = { connections: upgrade.connections, made: kit.made.length - from }
      await one.close()
      await kit.until(() => other.left.channels.length === 1 && other.right.channels.length === 1)
      await other.close()
      return { during, after: upgrade.connections }
    })
    expect(outcome).toEqual({ during: { connections: 1, made: 0 }, after: 0 })
  })

  for (const [what, { reason, signals }] of Object.entries(HOSTILE))
    test(`a peer that signals ${what} harms nothing but its own upgrade`, async () => {
      const outcome = await page.run(async signals => {
        const ends = await kit.pair({ left: null, right: {} })
        const speaker = ends.left.speak()
        await speaker.channel.fullyOpened()
        speaker.say(...signals.map(signal => kit.signal(...signal)))
        await kit.until(() => ends.right.failures.length > 0)
        await kit.until(() => kit.open() === 0)
        const { failures, stream, channels } = ends.right
        const outcome = { failures: [...failures], channels: channels.length, isAlive: !stream.destroying }
        await ends.close()
        return outcome
      }, signals)
      expect(outcome).toEqual({ failures: [reason], channels: 0, isAlive: true })
    })

  test('a peer that offers over and over is refused before it costs much', async () => {
    const outcome = await page.run(async data => {
      const from = kit.made.length
      const ends = await kit.pair({ left: null, right: {} })
      const speaker = ends.left.speak()
      await speaker.channel.fullyOpened()
      for (let attempt = 1; attempt <= 1000; attempt++) speaker.say(kit.signal(0, attempt, data))
      const aborts = () => speaker.heard.filter(type => type === 3).length
      await kit.until(() => aborts() >= 990)
      await ends.close()
      await kit.until(() => kit.open() === 0)
      return kit.made.length - from
    }, DATA)
    expect(outcome).toBeLessThan(10)
  })

  test('signals that are altered at random harm nobody', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const rounds = 100
    const alive = await page.run(
      async ([seed, rounds]) => {
        const source = new RTCPeerConnection()
        source.createDataChannel('one', { negotiated: true, id: 0 })
        const { sdp = '' } = await source.createOffer()
        source.close()
        let alive = 0
        for (let round = 0; round < rounds; round++) {
          const ends = await kit.pair({ left: null, right: { timeout: 50, retry: { first: 1 } } })
          const speaker = ends.left.speak()
          await speaker.channel.fullyOpened()
          const signals = [
            kit.signal(0, 1, sdp),
            kit.signal(2, 1, 'candidate:1 1 udp 1 127.0.0.1 9 typ host', '0', 1),
            kit.signal(2, 1, 'candidate:2 1 udp 1 127.0.0.1 9 typ host', '0', 1)
          ]
          const random = kit.noise(3 * 8, seed + round)
          signals.forEach((signal, i) => {
            const [one, two, value, isRare = 0] = random.subarray(8 * i)
            const place = (Number(one) * 256 + Number(two)) % signal.length
            // the head of a signal is its shortest part
            signal[isRare < 64 ? place % 4 : place] = Number(value)
          })
          speaker.say(...signals)
          // refused, or tried in vain
          await kit.until(() => ends.right.failures.length > 0)
          alive += ends.right.stream.destroying ? 0 : 1
          await ends.close()
        }
        await kit.until(() => kit.open() === 0)
        return alive
      },
      [seed, rounds] as const
    )
    expect(alive).toBe(rounds)
  })
})

describe.skipIf(reason)(`where there is no direct way${skipped}`, () => {
  let site: Site
  let island: Island
  let page: KitPage

  beforeAll(async () => {
    site = await kitSite()
    island = await openIsland({ hasLink: false })
    await island.bridge(Number(new URL(site.url).port))
    page = await KitPage.open(island.browser, site.url)
  })

  afterAll(async () => {
    await page?.close()
    await island?.close()
    await site?.close()
  })

  test('each attempt fails in time, once at each side, and is made again', async () => {
    const outcome = await page.run(async () => {
      const options = { timeout: 100, retry: { first: 10, longest: 20 } }
      const ends = await kit.pair({ left: options, right: options })
      await kit.until(() => ends.left.failures.length >= 3 && ends.right.failures.length >= 2)
      const isAlive = !ends.left.stream.destroying
      const reasons = [...new Set([...ends.left.failures, ...ends.right.failures])]
      const channels = ends.left.channels.length + ends.right.channels.length
      await ends.close()
      await kit.until(() => kit.open() === 0)
      return { isAlive, reasons, channels }
    })
    expect(outcome).toEqual({ isAlive: true, reasons: ['WEBRTC'], channels: 0 })
  })
})
