import { describe, expect, test } from 'vitest'
import { until } from '../../support/peers.ts'
import { topicOf } from './server-client.ts'
import { fill, honest, MIB, NO_RATE, noMoreThan, SOCKET, settled } from './server-hostile.ts'
import { relays } from './server-net.ts'

const net = relays()

describe('memory that stays bounded', () => {
  const window = 262_144

  test('by a client that never reads and grants credit all the same', async () => {
    const relay = await net.relay({ window, limits: NO_RATE, heartbeat: 60_000 })
    const pair = await honest(net, relay)
    const { a, b, forA, forB } = await net.pair(relay)
    b.ws.pause()
    let most = 0
    for (let sent = 0; relay.clients === 4 && sent < 64 * MIB; sent += 60_000) {
      a.data(forA, new Uint8Array(60_000))
      await a.flushed()
      b.send({ type: 'window', channel: forB, credit: 60_000 })
      await until(
        () => relay.clients < 4 || a.of('window').length > sent / 60_000 || b.ws.bufferedAmount === 0
      )
      await a.flushed()
      most = Math.max(most, relay.stats.buffered)
    }
    await pair.talk()
    expect(most).toBeLessThan(window + SOCKET)
    // it cannot have read what its system did not even take, or else the sender had no credit left
    expect(relay.stats.refusals).toEqual({ PROTOCOL: 1 })
    expect((await a.next('reset')).reason).toBe('GONE')
  })

  test('by a client that never reads, however small what it is sent is cut', async () => {
    const relay = await net.relay({ window, limits: NO_RATE, heartbeat: 60_000 })
    const { a, b, forA } = await net.pair(relay)
    b.ws.pause()
    // what the system takes
    await fill(relay, { a, forA, b })
    const before = settled()
    for (let i = 0; i < window && relay.clients === 2; i++) {
      a.data(forA, 'x')
      if (i % 5_000 === 4_999) await a.flushed()
    }
    expect(relay.stats.buffered).toBeLessThan(window + SOCKET)
    await noMoreThan(4 * MIB, before)
  })

  test('by a client that never reads, though what waits for it was read together with more', async () => {
    const wide = 4 * MIB
    const relay = await net.relay({ window: wide, limits: NO_RATE, heartbeat: 60_000 })
    const { a, b, forA } = await net.pair(relay)
    b.ws.pause()
    await fill(relay, { a, forA, b })
    const c = await net.client(relay)
    c.isGenerous = true
    for (const client of [a, c]) client.send({ type: 'join', topic: topicOf('other') })
    const toC = (await a.next('open', 1)).channel
    const before = settled()
    // too large to be merged, and a seventh of what is read at once
    for (let sent = 0; sent + 9_000 < wide - 60_000; sent += 9_000) {
      a.data(forA, new Uint8Array(9_000))
      a.data(toC, new Uint8Array(60_000))
      await a.flushed()
      c.frames.length = 0
      a.frames.length = 0
    }
    expect(relay.stats.buffered).toBeGreaterThan(wide / 2)
    await noMoreThan(2 * wide, before)
  })

  test.for(['who sends', 'who does not read'])(
    'by two that open channels, and %s resets them with something in them, again and again',
    async who => {
      const relay = await net.relay({ window, limits: NO_RATE, heartbeat: 60_000 })
      const { a, b } = await net.pair(relay)
      b.ws.pause()
      const before = settled()
      for (let i = 0; i < 200; i++) {
        const { channel } = await a.next('open', i)
        for (let n = 0; n < 4; n++) a.data(channel, new Uint8Array(60_000))
        await a.flushed()
        // of both the number is the same, as they have no other channels
        const resets = who === 'who sends' ? a : b
        resets.send({ type: 'reset', channel, reason: 'CLOSED' })
        if (resets === b) await a.next('reset', i)
        a.send({ type: 'join', topic: topicOf('pair') })
        expect(relay.stats.buffered).toBeLessThan(window + SOCKET)
      }
      await a.next('open', 200)
      await noMoreThan(8 * MIB, before)
      // of what it was never told it hears nothing
      b.ws.resume()
      await until(() => b.of('open').at(-1)?.channel === 201)
      const opened = b.of('open').map(({ channel }) => channel)
      expect(opened.length).toBeLessThan(200)
      const heard = who === 'who sends' ? opened.slice(0, -1) : []
      expect(b.of('reset').map(({ channel }) => channel)).toEqual(heard)
    }
  )

  test('by two that end channels with something in them: none is gone before all of it is sent', async () => {
    const relay = await net.relay({ window, limits: NO_RATE, heartbeat: 60_000 })
    const { a, b } = await net.pair(relay)
    b.ws.pause()
    let opened = 1
    while (a.of('open').length === opened) {
      const channel = opened++
      for (let n = 0; n < 4; n++) a.data(channel, new Uint8Array(60_000))
      a.send({ type: 'end', channel })
      b.send({ type: 'end', channel })
      await until(() => a.of('end').length === channel)
      a.send({ type: 'join', topic: topicOf('pair') })
      await a.flushed()
      expect(relay.stats.buffered).toBeLessThan(window + SOCKET)
    }
    expect([relay.channels, b.code]).toEqual([1, null])
    b.ws.resume()
    await until(() => b.of('end').length === opened - 1)
    for (let channel = 1; channel < opened; channel++) expect(b.bytes(channel)).toBe(240_000)
    await until(() => relay.channels === 0)
  })
})
