import Autobase from 'autobase'
import b4a from 'b4a'
import Hyperbee from 'hyperbee'
import { decodeOp, encodeOp } from '../values.ts'
import type { Kind, Peer } from './peer.ts'

/**
 * Autobase with a Hyperbee as its view, as their READMEs say. Acks are off: with `ackInterval: 1000` a merge of forks, with 200 the
 * hub of indexers took no less.
 */
export const autobase: Kind = {
  name: 'autobase + hyperbee',
  open: async (store, { key, role }) => {
    const base = new Autobase(store.session(), key ?? null, {
      valueEncoding: 'binary',
      ackInterval: 0,
      fastForward: false,
      open: views => new Hyperbee(views.get('view'), { extension: false }),
      apply: async (nodes, view, host) => {
        const batch = view.batch({ update: false })
        for (const { value } of nodes) {
          const op = decodeOp(value)
          if (op.addWriter)
            await host.addWriter(b4a.from(op.addWriter, 'hex'), { indexer: role === 'indexer' })
          if (op.key !== undefined) await batch.put(b4a.from(op.key), value)
        }
        await batch.flush()
      }
    })
    await base.ready()
    return peerOf(base)
  }
}

const EVENTS = ['update', 'writable', 'is-indexer'] as const

function peerOf(base: Autobase): Peer {
  return {
    key: base.key,
    writer: b4a.toString(base.local.key as Uint8Array, 'hex'),
    append: value => base.append(value),
    appendBatch: values => base.append(values),
    get: async key => (await base.view.get(b4a.from(key)))?.value ?? null,
    contents: async () => {
      let text = ''
      for await (const { key, value } of base.view.createReadStream())
        text += `${b4a.toString(key)} ${b4a.toString(value)}\n`
      return text
    },
    admission: peer => encodeOp({ addWriter: peer.writer }),
    isSettled: indexers => base.writable && base.linearizer?.indexers.length === indexers,
    // a new indexer counts when a quorum of the indexers before it has acknowledged it
    settle: () => base.ack(),
    replicate: isInitiator => base.replicate(isInitiator),
    watch: listener => {
      for (const event of EVENTS) base.on(event, listener)
      return () => {
        for (const event of EVENTS) base.off(event, listener)
      }
    },
    close: () => base.close()
  }
}
