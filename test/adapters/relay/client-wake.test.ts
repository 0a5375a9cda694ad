import { describe, expect, test } from 'vitest'
import type { Environment } from '../../../adapters/transport/relay/client/environment.ts'
import { environment } from '../../../adapters/transport/relay/client/environment.ts'
import { Silence } from '../../../adapters/transport/relay/client/silence.ts'
import { until } from '../../support/peers.ts'
import { record } from '../network.ts'
import { fakeRelay, WELCOME } from './client-fake.ts'
import { clients } from './client-net.ts'

const net = clients()
const DAY = 86_400_000
/** Nobody dials again by himself within a test. */
const NEVER = { first: DAY, longest: DAY }

/** A page's surroundings, as the test wants them. */
class Page implements Environment {
  online = true
  /** What the clock is ahead, ms: so long the machine has slept. */
  slept = 0
  readonly #listeners = new Set<() => void>()

  now(): number {
    return Date.now() + this.slept
  }

  isOnline(): boolean {
    return this.online
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  wake(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

describe('a page', () => {
  test('that wakes, or is online again, dials at once what it would dial much later', async () => {
    const relay = await net.relay()
    const { port, url } = relay
    await relay.close()
    const page = new Page()
    const member = net.member(await net.peer(), url, { retry: NEVER, environment: page })
    await until(() => member.status === 'waiting')
    await net.relay({ port })
    page.wake()
    await until(() => member.status === 'listening')
    expect(page.listeners).toBe(1)
    await member.close()
    expect(page.listeners).toBe(0)
  })

  test('that is offline does not dial, and dials as soon as it is online', async () => {
    const page = new Page()
    page.online = false
    const member = net.member(await net.peer(), 'ws://relay.invalid/', { retry: NEVER, environment: page })
    const seen = record(member)
    await until(() => member.publicKey !== null && member.status === 'waiting')
    page.wake()
    expect(member.relays).toMatchObject([{ status: 'waiting' }])
    expect([seen.errors, seen.status]).toEqual([[], ['waiting']])
    page.online = true
    page.wake()
    expect(member.relays).toMatchObject([{ status: 'connecting' }])
    await until(() => seen.errors.length === 1)
  })

  test('that is offline reaches a relay on its own machine', async () => {
    const relay = await net.relay()
    const page = new Page()
    page.online = false
    const member = net.member(await net.peer(), relay, { environment: page })
    await until(() => member.status === 'listening')
  })

  test('that slept longer than its relay lives, as far as it knows, dials anew', async () => {
    const relay = await fakeRelay(undefined, { welcome: { ...WELCOME, heartbeat: 60_000 } })
    net.onend(() => relay.close())
    const page = new Page()
    const member = net.member(await net.peer(), relay.url, { environment: page })
    const seen = record(member)
    await until(() => member.status === 'listening')
    page.slept = 2 * 60_000
    page.wake()
    expect(relay.served.length).toBe(1)
    page.slept = 3 * 60_000
    page.wake()
    await until(() => relay.served.length === 2 && member.status === 'listening')
    expect(seen.errors).toMatchObject([{ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' }])
  })

  test('that slept, and whose relay has spoken meanwhile, stays', async () => {
    const relay = await fakeRelay()
    net.onend(() => relay.close())
    const page = new Page()
    const member = net.member(await net.peer(), relay.url, { environment: page })
    await until(() => member.status === 'listening')
    page.slept = DAY
    relay.served[0]?.send({ type: 'alive' })
    relay.served[0]?.send({ type: 'refused', topic: (await relay.served[0].next('join')).topic })
    const seen = record(member)
    page.wake()
    // both frames are handled before the time is up
    await until(() => seen.errors.length > 0)
    expect(seen.errors).toMatchObject([{ reason: 'FULL' }])
    expect([member.status, relay.served.length]).toEqual(['listening', 1])
  })
})

describe('a relay that falls silent', () => {
  test('for 2.5 heartbeats is dialled again', async () => {
    const relay = await fakeRelay(undefined, { welcome: { ...WELCOME, heartbeat: 20 } })
    net.onend(() => relay.close())
    const member = net.member(await net.peer(), relay.url)
    const seen = record(member)
    await until(() => relay.served.length >= 2)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' })
  })

  test('is one that is not heard, whatever it was before', async () => {
    const relay = await net.relay({ heartbeat: 40 })
    const between = await net.proxy(relay.port)
    const member = net.member(await net.peer(), `ws://127.0.0.1:${between.port}/`)
    const seen = record(member)
    await until(() => member.status === 'listening' && relay.stats.framesOut > 5)
    expect(seen.errors).toEqual([])
    between.freeze()
    await until(() => seen.errors.length > 0)
    expect(seen.errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'ETIMEDOUT' })
  })

  test('is told once, and by nobody who was stopped', async () => {
    let told = 0
    const options = { heartbeat: 2, now: () => Date.now(), onsilent: () => told++ }
    const stopped = new Silence(options)
    stopped.stop()
    new Silence(options)
    await until(() => told > 0)
    new Silence(options)
    await until(() => told > 1)
    expect(told).toBe(2)
  })
})

describe('the surroundings of Node', () => {
  test('are always online, and have nothing to listen to', () => {
    expect(environment.isOnline()).toBe(true)
    expect(Math.abs(environment.now() - Date.now())).toBeLessThan(60_000)
    environment.onWake(() => {})()
  })

  test('of a page are asked for its events, and let go of', () => {
    const page = new EventTarget()
    const [before, navigator] = [{ ...globalThis }, Object.getOwnPropertyDescriptor(globalThis, 'navigator')]
    const add = { addEventListener: page.addEventListener.bind(page) }
    const remove = { removeEventListener: page.removeEventListener.bind(page) }
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    Object.assign(globalThis, { ...add, ...remove, document })
    Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true })
    try {
      let woken = 0
      const stop = environment.onWake(() => woken++)
      page.dispatchEvent(new Event('online'))
      page.dispatchEvent(new Event('pageshow'))
      document.dispatchEvent(new Event('visibilitychange'))
      document.dispatchEvent(new Event('resume'))
      expect(woken).toBe(4)
      document.visibilityState = 'hidden'
      document.dispatchEvent(new Event('visibilitychange'))
      stop()
      page.dispatchEvent(new Event('online'))
      expect(woken).toBe(4)
      expect(environment.isOnline()).toBe(false)
    } finally {
      for (const name of ['addEventListener', 'removeEventListener', 'document'])
        if (!(name in before)) Reflect.deleteProperty(globalThis, name)
      if (navigator) Object.defineProperty(globalThis, 'navigator', navigator)
      else Reflect.deleteProperty(globalThis, 'navigator')
    }
  })
})
