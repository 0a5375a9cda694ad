import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import b4a from 'b4a'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { Autobee, openStore } from '../../adapters/entry/node.ts'
import { type WebSocketLike, webSocketStream } from '../../adapters/transport/websocket.ts'
import { type SocketServer, socketServer } from '../adapters/websocket-server.ts'
import type { Site } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { apply, contents, viewOf } from './apply.ts'
import { launchProfile, type Profile } from './profile.ts'
import { clientSite, Tab } from './tab.ts'

/** Appends of each side, in each of the rounds. */
const APPENDS = 15

let site: Site
let profile: Profile
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autobee-node-and-page-'))
  site = await clientSite()
  profile = await launchProfile()
})

afterAll(async () => {
  await profile?.close()
  await site?.close()
  await rm(folder, { recursive: true, force: true })
})

for (const isEncrypted of [false, true]) {
  const how = isEncrypted ? ', encrypted' : ''
  test(`a peer in Node on RocksDB and a page on IndexedDB converge over a WebSocket, both writing${how}`, async () => {
    const encryptionKey = isEncrypted ? b4a.alloc(32, 7) : null
    const store = await openStore(join(folder, `store${how}`))
    const db = new Autobee(store, null, {
      apply: apply as never,
      valueEncoding: 'json',
      ackInterval: 0,
      ...(encryptionKey && { encryptionKey })
    })
    await db.ready()
    const server = await replicating(db)
    const options = {
      name: `page${how}`,
      key: db.id as string,
      ...(encryptionKey && { encryptionKey: b4a.toString(encryptionKey, 'hex') })
    }
    const tab = await Tab.open(profile.context, site.url)
    const { local } = await tab.open(options)
    await tab.call('connect', server.url)
    await db.append({ id: 'page may write', addWriter: local })
    await until(() => tab.call('isWritable'))

    await append(db, tab, 'live')
    await expectConverged(db, tab, { count: 1 + 2 * APPENDS })
    await tab.reload()
    await tab.open(options)
    // each for itself, until they are connected again
    await append(db, tab, 'apart')
    const apart = (await tab.read()).view
    expect(apart).not.toEqual(await contents(db.bee))
    await tab.call('connect', server.url)
    await append(db, tab, 'again')
    await expectConverged(db, tab, { count: 1 + 6 * APPENDS })
    expect(await tab.call('troubles')).toEqual([])

    await tab.close()
    await server.close()
    await db.close()
    await store.close()
  })
}

async function replicating(db: Autobee): Promise<SocketServer> {
  return socketServer((socket: WebSocket) => {
    const bytes = webSocketStream(socket as unknown as WebSocketLike)
    const stream = db.replicate(false)
    // the page goes when it is reloaded
    for (const end of [bytes, stream]) end.on('error', () => {})
    stream.pipe(bytes).pipe(stream)
  })
}

/** Both at once. */
async function append(db: Autobee, tab: Tab, name: string): Promise<void> {
  const numbers = Array.from({ length: APPENDS }, (_, i) => i)
  await Promise.all([
    ...numbers.map(i => db.append({ id: `node ${name} ${i}` })),
    (async () => {
      for (const i of numbers) await tab.append(`page ${name} ${i}`)
    })()
  ])
}

/** The same view on both sides, which tells the whole order: everything once, each writer's in the order it appended. */
async function expectConverged(db: Autobee, tab: Tab, { count }: { count: number }): Promise<void> {
  const views = async () => [await contents(db.bee), (await tab.read()).view] as const
  await until(async () => {
    const [here, there] = await views()
    return here.count === String(count) && JSON.stringify(here) === JSON.stringify(there)
  })
  const [view] = await views()
  const order = Object.keys(view)
    .filter(key => key.startsWith('order/'))
    .sort()
    .map(key => view[key] as string)
  expect(view).toEqual(viewOf(order))
  expect(new Set(order).size).toBe(count)
  const { oplog } = await tab.read()
  expect(order.filter(id => oplog.includes(id))).toEqual(oplog)
}
