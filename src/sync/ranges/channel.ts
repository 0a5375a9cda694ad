import b4a from 'b4a'
import c from 'compact-encoding'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { Wire, type WireHandlers } from '../wire.ts'
import { decodeMessage, MESSAGE_TYPES, OUTGOING, type RangeMessage } from './messages.ts'

export const PROTOCOL = 'autobee/ranges/1'
const [INITIATOR, RESPONDER] = crypto.namespace('autobee/ranges', 2) as [Uint8Array, Uint8Array]

/** What both sides know: the one proves it to the other, and nobody learns anything else from it. */
export interface DatabaseId {
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
}

/** `onopen`: the other side has proved that it knows the database. */
export type RangeChannelHandlers = Omit<WireHandlers<RangeMessage, Uint8Array>, 'admits'>

/** One side of the range protocol on one stream. */
export class RangeChannel extends Wire<RangeMessage, Uint8Array> {
  /** It is closed from the start when such a channel is open already, or the stream is gone. */
  constructor(muxer: Protomux, { id, handlers }: { id: DatabaseId; handlers: RangeChannelHandlers }) {
    const { isInitiator } = muxer.stream
    super(muxer, {
      format: {
        protocol: PROTOCOL,
        id: id.discoveryKey,
        hello: c.raw,
        types: MESSAGE_TYPES,
        outgoing: OUTGOING,
        decode: decodeMessage
      },
      hello: proofOf(id, { muxer, isInitiator }),
      handlers: {
        ...handlers,
        admits: proof => b4a.equals(proof, proofOf(id, { muxer, isInitiator: !isInitiator }))
      }
    })
  }
}

/** Bound to this stream's own handshake, so that nobody can pass it on. */
function proofOf(
  { key }: DatabaseId,
  { muxer, isInitiator }: { muxer: Protomux; isInitiator: boolean }
): Uint8Array {
  const { handshakeHash } = muxer.stream
  return crypto.hash([isInitiator ? INITIATOR : RESPONDER, key, handshakeHash ?? b4a.alloc(0)])
}
