/** An app that brings its own `hyperswarm-web`. A test's page: what it is told to do, and what it finds, is in `globalThis.app`. */
import { Autobee, openStore } from 'autobee'
import { joinSwarm } from 'autobee/transport/swarm'
import { Buffer } from 'buffer'
import createSwarm from 'hyperswarm-web'
import { apply, contents } from '../apply.ts'

let store = null
let db = null
let swarm = null
let handle = null
/** Bytes of the longest write that a connection was given. */
let longest = 0
const errors = []

globalThis.app = {
  async open({ name, key }) {
    store = await openStore(name, { wait: true })
    db = new Autobee(store, key ?? null, { apply, valueEncoding: 'json', ackInterval: 0 })
    await db.ready()
    return { key: db.id, local: Buffer.from(db.local.key).toString('hex') }
  },

  async join(bootstrap) {
    swarm ??= createSwarm({
      bootstrap: [bootstrap],
      // none: nobody outside is asked for the way
      simplePeer: { config: { iceServers: [] } }
    })
    swarm.on('connection', watchWrites)
    handle = joinSwarm(db, swarm, { topics: [Buffer.from(db.discoveryKey)] })
    handle.on('error', ({ code, reason }) => errors.push(`${code} ${reason}`))
  },

  connected: () => handle.connected(),
  peers: async () => handle.peers.map(({ address, isInitiator }) => ({ address, isInitiator })),
  longest: async () => longest,
  errors: async () => errors,
  append: async values => (await db.append(values)).length,
  writable: async () => db.writable,
  view: () => contents(db.bee),

  leave: () => handle.close(),
  connections: async () => swarm.peers.length,

  async close() {
    // in this order: it cannot be left while it ends, and says so where nobody can catch it
    await new Promise(resolve => swarm.destroy(resolve))
    await handle.close()
    await db.close()
    await store.close()
  }
}

function watchWrites(connection) {
  const { write } = connection
  connection.write = bytes => {
    longest = Math.max(longest, bytes.length)
    return write.call(connection, bytes)
  }
}
