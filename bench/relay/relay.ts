/** What the relay costs: throughput between a page and Node, a crowd on one relay, round trips until two have met. */
import { randomBytes } from 'node:crypto'
import { call, type Pages, withPages } from '../browser/pages.ts'
import { median } from '../measure.ts'
import { type Row, ratio, rowsTable, whole } from '../table.ts'
import { delayed } from './delay.ts'
import { Child } from './processes.ts'
import type { Load } from './transfer.ts'

const MIB = 1 << 20
/** ms each way. */
const DELAY = 50

export interface RelayOptions {
  readonly quick: boolean
  readonly rounds: number
  readonly say: (line: string) => void
}

interface Size extends Load {
  readonly name: string
  readonly target: number
}

export async function relayTables(options: RelayOptions): Promise<string[]> {
  const relay = new Child({ task: 'relay' })
  try {
    const url = String(await relay.ready)
    const rows = [
      ...(await withPages(pages => throughput(pages, url, options))),
      ...(await roundTrips(url, options)),
      ...(await crowd(relay, url, options))
    ]
    const machine = 'Each of relay, page, peer in Node and crowd a process of its own, on one machine'
    return [`${machine}; medians of ${options.rounds} rounds.`, '', ...rowsTable('over a relay', rows)]
  } finally {
    await relay.stop()
  }
}

function sizes(quick: boolean): Size[] {
  const less = quick ? 10 : 1
  return [
    { name: '1 MB', size: 1_000_000, count: 60 / less, target: 0.4 },
    { name: '64 KB', size: 64_000, count: 500 / less, target: 0.4 },
    { name: '100 B', size: 100, count: 10_000 / less, target: 0.5 }
  ]
}

/** In turns with the ceiling, which has both sides in one page. */
async function throughput({ inPage }: Pages, url: string, o: RelayOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const { name, target, ...load } of sizes(o.quick)) {
    const meeting = { url, topic: randomBytes(32).toString('hex') }
    const node = new Child({ task: 'peer', ...meeting })
    await node.ready
    const rounds = await inPage(async page => {
      const taken: { ceiling: number; down: number; up: number }[] = []
      for (let round = -1; round < o.rounds; round++) {
        const ceiling = await call(page)('transferCeiling', load)
        const { count } = load
        const down = await call(page)('relayRead', { ...meeting, count, key: await node.call('hold', load) })
        const key = await call(page)('relayHold', { ...meeting, ...load })
        const up = await node.call('read', { key, count })
        o.say(`relay: ${name}: ${[ceiling, down, up].map(ms => rate(load, ms)).join(', ')}`)
        if (round >= 0) taken.push({ ceiling, down, up })
      }
      return taken
    })
    await node.stop()
    const ceiling = median(rounds.map(one => one.ceiling))
    rows.push({ name: `${name} blocks, two stores in one page, no transport`, value: rate(load, ceiling) })
    for (const [way, key] of [
      ['Node to page', 'down'],
      ['page to Node', 'up']
    ] as const) {
      const times = median(rounds.map(one => one.ceiling / one[key]))
      rows.push({
        name: `the same, ${way}`,
        value: rate(load, median(rounds.map(one => one[key]))),
        beside: `${ratio(times)} × that`,
        target: `${target} ×`,
        met: times >= target
      })
    }
  }
  return rows
}

function rate({ size, count }: Load, ms: number): string {
  if (size < 1000) return `${whole((count * 1000) / ms)} blocks/s`
  return `${((size * count) / 1000 / ms).toFixed(1)} MB/s`
}

/** What a slow network adds, by its round trip: the WebSocket's own is one of them. */
async function roundTrips(url: string, o: RelayOptions): Promise<Row[]> {
  const peer = new Child({ task: 'peer', url, topic: randomBytes(32).toString('hex') })
  await peer.ready
  const slow = await delayed(Number(new URL(url).port), DELAY)
  try {
    const [near, far]: [number[], number[]] = [[], []]
    for (let round = -1; round < o.rounds; round++) {
      const quick = await peer.call('connect', { url })
      const long = await peer.call('connect', { url: `ws://127.0.0.1:${slow.port}` })
      o.say(`relay: connected after ${whole(quick)} ms, and ${whole(long)} ms`)
      if (round < 0) continue
      near.push(quick)
      far.push(long)
    }
    const trips = (median(far) - median(near)) / (2 * DELAY)
    return [
      { name: 'from the dial to the peer, one machine', value: `${whole(median(near))} ms` },
      {
        name: `round trips until then, the WebSocket's own included (of ${2 * DELAY} ms)`,
        value: trips.toFixed(2),
        beside: `${(trips - 1).toFixed(2)} after the WebSocket is open`,
        target: 'under 3',
        met: trips - 1 < 3
      }
    ]
  } finally {
    await slow.close()
    await peer.stop()
  }
}

async function crowd(relay: Child<'relay'>, url: string, o: RelayOptions): Promise<Row[]> {
  const [idle, pairs, ms] = o.quick ? [50, 5, 500] : [500, 50, 10_000]
  const clients = new Child({ task: 'crowd', url })
  await clients.ready
  const empty = await relay.call('usage', {})
  await clients.call('idle', { count: idle })
  const silent = await relay.call('usage', {})
  o.say(`relay: ${silent.clients} idle clients`)
  const bytes = await clients.call('pump', { pairs, ms })
  const busy = await relay.call('usage', {})
  o.say(`relay: ${whole(bytes / MIB)} MiB in ${ms} ms`)
  await clients.call('leave', {})
  await clients.stop()
  const after = await relay.call('usage', {})
  const per = (what: 'rss' | 'heap') => `${((silent[what] - empty[what]) / idle / 1024).toFixed(1)} KiB`
  return [
    {
      name: `memory of a relay per idle client, of ${idle}: heap and buffers`,
      value: per('heap'),
      beside: `${per('rss')} resident`
    },
    {
      name: `${pairs} pairs beside them that send both ways, ${ms / 1000} s: passed on`,
      value: `${(bytes / 1000 / ms).toFixed(0)} MB/s`,
      beside: `${whole(((busy.cpu - silent.cpu) / bytes) * 1e9)} ms of processor per GB`
    },
    {
      name: 'memory of the relay while they do, resident',
      value: `${(busy.rss / MIB).toFixed(0)} MiB`,
      beside: `${(empty.rss / MIB).toFixed(0)} MiB when it began, ${(after.rss / MIB).toFixed(0)} when all had left`
    }
  ]
}
