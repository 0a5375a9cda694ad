import b4a from 'b4a'
import type Corestore from 'corestore'
import { type ApplyNode, Autobee, type AutobeeEvents, type Host, type HyperbeeView } from '../../src/index.ts'
import { decodeOp, encodeOp } from '../values.ts'
import type { Kind, Peer, Role } from './peer.ts'

/** Autobee as a user opens it; acks are off and everything is replayed, as for Autobase. */
export const autobee: Kind = {
  name: 'Autobee',
  open: async (store, options) => {
    const db = openAutobee(store, options)
    await db.ready()
    return peerOf(db)
  }
}

/** Not ready yet. */
export function openAutobee(store: Corestore, { key, role }: { key?: Uint8Array; role: Role }): Autobee {
  const isIndexer = role === 'indexer'
  const apply = async (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
    const batch = view.write()
    for (const { value } of nodes) {
      const op = decodeOp(value as Uint8Array)
      if (op.addWriter) host.addWriter(op.addWriter, { isIndexer })
      if (op.key !== undefined) batch.tryPut(b4a.from(op.key), value as Uint8Array)
    }
    await batch.flush()
  }
  return new Autobee(store, key ?? null, { apply, ackInterval: 0, fastForward: false })
}

const EVENTS = ['update', 'writable'] as const satisfies (keyof AutobeeEvents)[]

export function peerOf(db: Autobee): Peer {
  return {
    key: db.key!,
    writer: db.local.id,
    append: value => db.append(value),
    appendBatch: values => db.append(values),
    get: async key => (await db.bee.get(b4a.from(key)))?.value ?? null,
    contents: async () => {
      let text = ''
      for await (const { key, value } of db.bee.createReadStream())
        text += `${b4a.toString(key)} ${b4a.toString(value)}\n`
      return text
    },
    admission: peer => encodeOp({ addWriter: peer.writer }),
    isSettled: indexers => db.writable && [...db.writers].filter(one => one.isIndexer).length === indexers,
    settle: () => db.update(),
    replicate: isInitiator => db.replicate(isInitiator),
    watch: listener => {
      for (const event of EVENTS) db.on(event, listener)
      return () => {
        for (const event of EVENTS) db.off(event, listener)
      }
    },
    close: () => db.close()
  }
}
