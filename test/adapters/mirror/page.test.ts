import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, openPage, outcomeOf, page, type Site, serveSite } from '../../support/chromium.ts'
import { mirrors } from './net.ts'

const net = mirrors()
const dist = fileURLToPath(new URL('../../../dist/browser', import.meta.url))

const COMMON = `
import { Autobee, memory, openStore } from '/lib/autobee.js'
import { mirrorTo } from '/lib/transport/mirror.js'
import { connectRelay } from '/lib/transport/websocket.js'
const { relay, publicKey, key } = Object.fromEntries(new URLSearchParams(location.search))
const options = { valueEncoding: 'json', encryptionKey: new Uint8Array(32).fill(7), apply: async (nodes, view) => {
  const batch = view.write()
  for (const { value } of nodes) batch.tryPut(new TextEncoder().encode(value.key), new TextEncoder().encode(value.is))
  await batch.flush()
} }
const db = new Autobee(await openStore(memory()), key ?? null, options)
await db.ready()
const read = async () => new TextDecoder().decode((await db.bee.get(new TextEncoder().encode('hello')))?.value)
`

const WRITER = `${COMMON}
const mirrored = mirrorTo(db, { relay, publicKey })
await db.append({ key: 'hello', is: 'world' })
await mirrored.stored()
globalThis.outcome = { key: db.id, status: mirrored.status, progress: mirrored.progress }
`

const READER = `${COMMON}
const handle = connectRelay(db, relay)
while ((await read()) === '') await new Promise(resolve => setTimeout(resolve, 5))
globalThis.outcome = { value: await read(), peers: handle.peers.length }
`

let browser: Browser
let site: Site

beforeAll(async () => {
  site = await serveSite({
    folders: { '/lib/': dist },
    files: {
      '/writer': page('/writer.js'),
      '/writer.js': WRITER,
      '/reader': page('/reader.js'),
      '/reader.js': READER
    }
  })
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('what a page wrote and had mirrored is there for another page when the first one is closed', async () => {
  const relay = await net.relay()
  const mirror = await net.mirror(relay, { store: await net.store() })
  const at = (name: string, query: object) =>
    openPage(browser, `${site.url}/${name}?${new URLSearchParams({ relay: relay.url, ...query })}`)
  const publicKey = Buffer.from(mirror.publicKey).toString('hex')
  const writer = await at('writer', { publicKey })
  const said = await outcomeOf<{ key: string; status: string; progress: object }>(writer)
  expect(said).toMatchObject({ status: 'stored', progress: { cores: 1, storedCores: 1, blocks: 1 } })
  await writer.page.context().close()
  const reader = await at('reader', { key: said.key })
  expect(await outcomeOf(reader)).toEqual({ value: 'world', peers: 1 })
  expect(mirror.databases).toMatchObject([{ id: said.key, isComplete: true }])
})
