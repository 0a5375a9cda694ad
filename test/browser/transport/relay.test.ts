import b4a from 'b4a'
import { describe, inject, test } from 'vitest'
import { type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { caller } from './caller.ts'

const { relay, control } = inject('transports')
/** The window, and what the streams hold at both ends. */
const BOUND = 3 << 20

function topic(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32))
}

async function ask(...path: readonly (string | number)[]): Promise<string> {
  const response = await fetch(`${control}/${path.join('/')}`, { method: 'POST' })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** Channels of two lines of this page; their topics are one, or joined by somebody. */
async function pair(url: string, topics: readonly [Uint8Array, Uint8Array]): Promise<TransportPair> {
  const [a, b] = [caller(url, topics[0]), caller(url, topics[1])]
  const ends = [await a.channel, await b.channel] as const
  return {
    ends,
    held: async () => ends.filter(({ destroyed }) => !destroyed).length + Number(await ask('channels')),
    destroy: () => Promise.all([a.line.close(), b.line.close()])
  }
}

function pageToPage(): Promise<TransportPair> {
  const same = topic()
  return pair(relay, [same, same])
}

/** With a network between the page and the relay that can be torn off. */
async function tearable(): Promise<TransportPair & { readonly port: string }> {
  const port = await ask('network')
  const same = topic()
  const made = await pair(`ws://127.0.0.1:${port}`, [same, same])
  const destroy = async () => {
    await made.destroy()
    await ask('close', port)
  }
  return { ...made, port, destroy }
}

/** Each end is connected with Node, where the two are piped together. */
async function pageToNodeToPage(): Promise<TransportPair> {
  const topics = [topic(), topic()] as const
  await ask('through', ...topics.map(one => b4a.toString(one, 'hex')))
  return pair(relay, topics)
}

describe('relay, page to page', () => {
  transportSuite({ test, create: pageToPage, bound: BOUND, halfOpen: true })

  transportSuite({
    test: (name, run) => /torn off|seed/.test(name) && test(name, run),
    create: tearable,
    bound: BOUND,
    halfOpen: true,
    seeds: [6, 7],
    faults: { cut: ({ port }) => ask('tear', port) }
  })
})

describe('relay, page to Node and back', () => {
  transportSuite({ test, create: pageToNodeToPage, bound: 2 * BOUND, halfOpen: true })
})
