import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Site } from '../support/chromium.ts'
import { type Island, openIsland, whyNoIsland } from './island.ts'
import { KitPage, kitSite } from './webrtc-site.ts'

type Message = { readonly text: string } | { readonly bytes: readonly number[] } | { readonly zeros: number }

/** What no stream sends, in the order in which it is sent. The reader does not read. */
const HOSTILE: Record<string, readonly Message[]> = {
  text: [{ text: 'text' }],
  'data that is none': [{ bytes: [0] }],
  'a message of no known type': [{ bytes: [4] }],
  'a message that is too long': [{ zeros: (1 << 16) + 1 }],
  'more than the window': Array.from({ length: 17 }, () => ({ zeros: 1 << 16 })),
  'more tiny messages than the window has room for': Array.from({ length: 5_000 }, () => ({ zeros: 2 })),
  'credit for what was never sent': [{ bytes: [1, 0, 0, 0, 1] }],
  'no credit': [{ bytes: [1, 0, 0, 0, 0] }],
  'a second end': [{ bytes: [2] }, { bytes: [2] }],
  'data after the end': [{ bytes: [2] }, { zeros: 2 }]
}

const reason = await whyNoIsland()

describe.skipIf(reason)(`the data channel as a stream${reason ? ` (skipped: ${reason})` : ''}`, () => {
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

  test('large and tiny writes arrive whole and in order, both ways, in messages of 64 KiB at most', async () => {
    const outcome = await page.run(async () => {
      const { ends, left, right } = await kit.channels()
      const sent = [kit.noise(3_000_000, 1), kit.noise(1_500_000, 2)] as const
      const received = [left, right].map(end => {
        const chunks: Uint8Array[] = []
        end.on('data', chunk => chunks.push(chunk as Uint8Array))
        return chunks
      })
      const write = (end: typeof left, bytes: Uint8Array) => {
        let at = 0
        for (let length = 1; at < bytes.length; length = length >= 1_000_000 ? 1 : length * 3) {
          end.write(bytes.subarray(at, at + length))
          at += length
        }
        end.end(null)
      }
      write(left, sent[0])
      write(right, sent[1])
      await kit.until(() => left.destroyed && right.destroyed)
      const [atLeft, atRight] = received.map(chunks => kit.b4a.concat(chunks)) as [Uint8Array, Uint8Array]
      const { longest } = kit.made.reduce((a, b) => (a.longest > b.longest ? a : b))
      await ends.close()
      return { left: kit.b4a.equals(atLeft, sent[1]), right: kit.b4a.equals(atRight, sent[0]), longest }
    })
    expect(outcome).toEqual({ left: true, right: true, longest: 1 << 16 })
  })

  test('a reader that does not read bounds what is on its way, and the other direction goes on', async () => {
    const outcome = await page.run(async () => {
      const { ends, left, right } = await kit.channels()
      const chunk = kit.noise(1 << 16)
      let written = 0
      let isWaiting = false
      const write = () => {
        isWaiting = false
        while (!isWaiting && written < 1 << 23) {
          isWaiting = !left.write(chunk)
          written += chunk.length
        }
        if (written >= 1 << 23) left.end(null)
      }
      left.on('drain', write)
      write()
      await kit.until(() => isWaiting && written > 900_000)
      const backwards = kit.watch(left)
      right.write(kit.noise(2_000_000))
      right.end(null)
      await kit.until(() => backwards.events.includes('end'))
      const onTheWay = written
      const { bytes, events } = kit.watch(right)
      await kit.until(() => events.includes('close'))
      const outcome = { onTheWay, read: bytes(), back: backwards.bytes(), events }
      await ends.close()
      return outcome
    })
    expect(outcome.onTheWay).toBeLessThan(1_500_000)
    expect(outcome).toMatchObject({ read: 1 << 23, back: 2_000_000, events: ['end', 'close'] })
  })

  test('an end is half of the end: what was written before it comes also to a late reader, and the other side goes on', async () => {
    const outcome = await page.run(async () => {
      const { ends, left, right } = await kit.channels()
      const atLeft = kit.watch(left)
      let hasFinished = false
      left.on('finish', () => {
        hasFinished = true
      })
      left.write(kit.noise(300_000))
      left.end(null)
      await kit.until(() => hasFinished)
      const atRight = kit.watch(right)
      await kit.until(() => atRight.events.includes('end'))
      right.write(kit.noise(200_000))
      await kit.until(() => atLeft.bytes() === 200_000)
      const half = [...atLeft.events, ...atRight.events]
      right.end(null)
      await kit.until(() => left.destroyed && right.destroyed)
      await ends.close()
      return { half, bytes: atRight.bytes(), left: atLeft.events, right: atRight.events }
    })
    expect(outcome).toEqual({
      half: ['end'],
      bytes: 300_000,
      left: ['end', 'close'],
      right: ['end', 'close']
    })
  })

  test('a reset is no end: the other side fails if this one did, and who resets has no error but its own', async () => {
    const outcome = await page.run(async () => {
      const results: (readonly string[])[] = []
      for (const error of [null, Object.assign(new Error('mine'), { reason: 'MINE' })]) {
        const { ends, left, right } = await kit.channels()
        const watched = [kit.watch(left), kit.watch(right)]
        left.write(kit.noise(100_000))
        left.destroy(error)
        await kit.until(() => left.destroyed && right.destroyed)
        results.push(...watched.map(({ events }) => events))
        await ends.close()
      }
      return results
    })
    expect(outcome).toEqual([['close'], ['close'], ['error MINE', 'close'], ['error WEBRTC', 'close']])
  })

  test('a peer connection that is gone without a word closes the other side', async () => {
    const events = await page.run(async () => {
      const { ends, right, raw } = await kit.channels()
      const { events } = kit.watch(right)
      raw.connection.close()
      await kit.until(() => right.destroyed)
      await ends.close()
      return events
    })
    expect(events).toEqual(['close'])
  })

  for (const [what, messages] of Object.entries(HOSTILE))
    test(`a peer that sends ${what} loses the connection`, async () => {
      const events = await page.run(async messages => {
        const { ends, right, raw } = await kit.channels()
        const events: string[] = []
        right.on('error', error => events.push((error as { reason?: string }).reason ?? ''))
        for (const message of messages) {
          if ('text' in message) raw.channel.send(message.text)
          else if ('zeros' in message) raw.channel.send(new Uint8Array(message.zeros))
          else raw.channel.send(new Uint8Array(message.bytes))
        }
        await kit.until(() => right.destroyed)
        await ends.close()
        return events
      }, messages)
      expect(events).toEqual(['PROTOCOL'])
    })

  test('one that is closed on the way leaves no peer connection', async () => {
    await page.run(async () => {
      const before = kit.made.length
      // at once; when both have begun; as soon as it is open on one side
      for (const state of ['new', 'connecting', 'open'] as const) {
        const from = kit.made.length
        const ends = await kit.pair()
        const isThere = {
          new: () => true,
          connecting: () => kit.made.length === from + 2,
          open: () => ends.left.channels.length + ends.right.channels.length > 0
        }
        await kit.until(isThere[state])
        ends.left.session?.close()
        await ends.close()
        await kit.until(() => kit.open() === 0)
      }
      if (kit.made.length === before) throw new Error('there were no peer connections')
    })
  })
})
