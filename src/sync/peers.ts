import b4a from 'b4a'
import c from 'compact-encoding'
import Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import Wakeup from 'protomux-wakeup'
import { AutobeeError } from '../errors.ts'
import type { Head } from '../keys.ts'

const PROTOCOL = 'autobee/1'
const [INITIATOR, RESPONDER] = crypto.namespace('autobee', 2) as [Uint8Array, Uint8Array]
/** A peer may announce many writers, but not without end. */
const MOST_ANNOUNCED = 4096
/** How often one peer is told of all writers, at the most, ms. */
const ANSWER_INTERVAL = 100

/** Proves that the sender knows the database's key, and tells its clock. */
interface Hello {
  readonly capability: Uint8Array
  /** ms since the epoch. */
  readonly clock: number
}

const HelloEncoding = {
  preencode(state: { end: number }, _: Hello): void {
    state.end += 32 + 8
  },
  encode(state: never, hello: Hello): void {
    c.fixed32.encode(state, hello.capability as never)
    c.uint64.encode(state, Math.max(0, Math.floor(hello.clock)))
  },
  decode(state: never): Hello {
    return { capability: c.fixed32.decode(state), clock: c.uint64.decode(state) }
  }
}

export interface PeersOptions {
  readonly key: Uint8Array
  readonly discoveryKey: Uint8Array
  /** A wakeup that the user shares among databases; null for one of its own. */
  readonly wakeup: Wakeup | null
  now(): number
  /** Oplogs to tell a peer of. */
  announcement(): Head[]
  /** A peer says that these oplogs exist. */
  onannounce(heads: readonly Head[], from: object): void
  /** A peer came or went. */
  onpeer(): void
}

/** The connected peers of one database: who has news (wakeup protocol), and what time they have. */
export class Peers {
  readonly #o: PeersOptions
  readonly #wakeup: Wakeup
  readonly #session: Wakeup.Session
  readonly #offsets = new Map<Protomux.Channel, number>()
  readonly #channels = new Set<Protomux.Channel>()
  readonly #answered = new WeakMap<object, number>()
  #closed = false

  constructor(options: PeersOptions) {
    this.#o = options
    this.#wakeup = options.wakeup ?? new Wakeup()
    this.#session = this.#wakeup.session(options.key, {
      discoveryKey: options.discoveryKey,
      onpeeradd: (peer, session) => {
        session.lookup(peer, { hash: null })
        options.onpeer()
      },
      onpeerremove: () => options.onpeer(),
      onlookup: (_, peer, session) => {
        // one answer for many questions: each may be large
        const now = performance.now()
        if (now - (this.#answered.get(peer) ?? Number.NEGATIVE_INFINITY) < ANSWER_INTERVAL) return
        this.#answered.set(peer, now)
        const heads = options.announcement()
        if (heads.length > 0) session.announce(peer, heads.slice(0, MOST_ANNOUNCED))
      },
      onannounce: (writers, peer) => {
        if (!this.#closed) options.onannounce(writers.slice(0, MOST_ANNOUNCED), peer)
      }
    })
  }

  /** Peers that have proved to know the database's key. */
  get count(): number {
    return this.#session.peers.length
  }

  /**
   * How far the clocks of the connected peers are ahead of the local one, ms: their median, and of two in the middle
   * the one closer to the local clock, so that one liar among two or three cannot move it. null when nobody is
   * connected.
   */
  get clockOffset(): number | null {
    const offsets = [...this.#offsets.values()].sort((a, b) => a - b)
    if (offsets.length === 0) return null
    const middle = offsets.length >> 1
    const [low, high] = [offsets[(offsets.length - 1) >> 1] as number, offsets[middle] as number]
    return Math.abs(low) < Math.abs(high) ? low : high
  }

  /** Entries stamped far from the others' time would be held back by everyone: null while that is not so. */
  clockRefusal(maxClockDrift: number): AutobeeError | null {
    const offset = this.clockOffset
    if (offset === null || Math.abs(offset) <= maxClockDrift) return null
    const seconds = Math.round(Math.abs(offset) / 1000)
    const how = offset > 0 ? 'behind' : 'ahead of'
    return new AutobeeError(
      'CLOCK_SKEW',
      `this machine's clock is ${seconds} s ${how} its peers'; set it right`
    )
  }

  attach(stream: Hypercore.ReplicationStream): void {
    this.#wakeup.addStream(stream)
    const noise = stream.noiseStream
    noise.opened.then(opened => {
      if (opened && !this.#closed) this.#openChannel(Hypercore.getProtocolMuxer(stream))
    }, noop)
  }

  announce(heads: readonly Head[]): void {
    if (heads.length === 0) return
    for (const peer of this.#session.peers) this.#session.announce(peer, heads.slice(0, MOST_ANNOUNCED))
  }

  close(): void {
    this.#closed = true
    this.#session.destroy()
    for (const channel of this.#channels) channel.close()
    if (!this.#o.wakeup) this.#wakeup.destroy()
  }

  #openChannel(muxer: Protomux): void {
    const { discoveryKey, key, now } = this.#o
    const { isInitiator, handshakeHash } = muxer.stream
    if (!handshakeHash) return
    const channel: Protomux.Channel | null = muxer.createChannel({
      protocol: PROTOCOL,
      id: discoveryKey,
      handshake: HelloEncoding as never,
      onopen: (hello: unknown) => {
        const { capability, clock } = hello as Hello
        const expected = crypto.hash([isInitiator ? RESPONDER : INITIATOR, key, handshakeHash])
        if (!b4a.equals(capability, expected)) channel?.close()
        else if (channel) this.#offsets.set(channel, clock - now())
      },
      onclose: () => {
        if (!channel) return
        this.#offsets.delete(channel)
        this.#channels.delete(channel)
      }
    })
    // the same stream was handed in twice
    if (!channel) return
    this.#channels.add(channel)
    const capability = crypto.hash([isInitiator ? INITIATOR : RESPONDER, key, handshakeHash])
    channel.open({ capability, clock: now() })
  }
}

function noop(): void {}
