import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient, topicOf } from '../adapters/relay/server-client.ts'
import { type Autobee, Workshop } from './program.ts'

let shop: Workshop

beforeAll(async () => {
  shop = await Workshop.open()
})

afterAll(() => shop.close())

async function start(args: string[], env: Record<string, string> = {}): Promise<[Autobee, string]> {
  const relay = shop.start(['relay', '--json', ...args], { env })
  const { url } = await relay.row({ event: 'ready' })
  return [relay, String(url)]
}

test.for(['SIGINT', 'SIGTERM'] as const)(
  'it says where it is, pairs who comes there, and ends in an orderly way by %s: exit code 0',
  async signal => {
    const [relay, url] = await start([])
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/$/)
    const [a, b] = [await RawClient.open(url), await RawClient.open(url)]
    for (const client of [a, b]) client.send({ type: 'join', topic: topicOf('cli') })
    const { channel } = await a.next('open')
    a.data(channel, 'hello')
    await b.next('data')
    expect(b.text((await b.next('open')).channel)).toBe('hello')
    const { code, err } = await relay.kill(signal)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect([await a.closed(), await b.closed()]).toEqual([1001, 1001])
    expect(relay.rows.map(({ event }) => event)).toEqual([
      ...['ready', 'client', 'client', 'client-close', 'client-close']
    ])
  }
)

test('only with the token, from the arguments or the environment; only pages of these origins', async () => {
  for (const [args, env] of [
    [['--token', 'secret'], {}],
    [[], { AUTOBEE_RELAY_TOKEN: 'secret' }]
  ] as const) {
    const [relay, url] = await start([...args], env)
    const stranger = new RawClient(url)
    await stranger.hello({ token: 'guess' })
    expect(await stranger.closed()).toBe(4001)
    await relay.row({ event: 'refused', reason: 'TOKEN' })
    const friend = await RawClient.open(url, { token: 'secret' })
    friend.ws.terminate()
    await relay.kill('SIGINT')
  }
  const [relay, url] = await start(['--origin', 'https://one.example', '--origin', 'https://two.example'])
  expect(await new RawClient(url, { origin: 'https://three.example' }).closed()).toBe(1006)
  await relay.row({ event: 'refused', reason: 'ORIGIN' })
  const page = new RawClient(url, { origin: 'https://two.example' })
  await page.hello()
  await page.next('welcome')
  page.ws.terminate()
  await relay.kill('SIGINT')
})

test('behind a proxy it tells whom the proxy speaks for', async () => {
  const [relay, url] = await start(['--behind-proxy'])
  const client = new RawClient(url, { headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' } })
  await client.hello()
  await relay.row({ event: 'client', address: '198.51.100.7' })
  client.ws.terminate()
  await relay.kill('SIGINT')
})

test('it makes no folder and needs none', async () => {
  const [relay] = await start(['--data', 'not-there'])
  await relay.kill('SIGTERM')
  expect(await readdir(shop.dir)).toEqual([])
})
