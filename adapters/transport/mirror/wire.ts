import type Protomux from 'protomux'
import { Wire, type WireHandlers } from '../../../src/sync/wire.ts'
import {
  decodeMessage,
  LIMITS,
  type Limits,
  MESSAGE_TYPES,
  type MirrorMessage,
  OUTGOING,
  PROTOCOL
} from './messages.ts'

const FORMAT = {
  protocol: PROTOCOL,
  hello: LIMITS,
  types: MESSAGE_TYPES,
  outgoing: OUTGOING,
  decode: decodeMessage
}

/** One side of the mirror's protocol on one stream. */
export class MirrorWire extends Wire<MirrorMessage, Limits> {
  /** @param options.limits of a mirror; zeros for the one that asks */
  constructor(muxer: Protomux, options: { limits: Limits; handlers: WireHandlers<MirrorMessage, Limits> }) {
    super(muxer, { format: FORMAT, hello: options.limits, handlers: options.handlers })
  }
}
