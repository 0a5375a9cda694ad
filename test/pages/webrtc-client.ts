/** What pages of the WebRTC tests run, beside the built bundle at `/lib/`: pairs of peers in one page, and what is below them. */
import c from 'compact-encoding'
import type Hypercore from 'hypercore'
import type Protomux from 'protomux'
import type { Duplex } from 'streamx'
import type * as Main from '../../adapters/entry/browser.ts'
import type * as Testing from '../../adapters/testing/index.ts'
import type * as WebRtcs from '../../adapters/transport/webrtc.ts'
import type * as WebSockets from '../../adapters/transport/websocket.ts'
import { apply, contents } from './apply.ts'
import { NATURE } from './webrtc-nature.ts'

const { Autobee, b4a, memory, openStore } = (await import('/lib/autobee.js' as string)) as typeof Main
const { webRtc } = (await import('/lib/transport/webrtc.js' as string)) as typeof WebRtcs

const { connectRelay } = (await import('/lib/transport/websocket.js' as string)) as typeof WebSockets

export type Options = Omit<WebRtcs.WebRtcOptions, 'RTCPeerConnection'>

/** One of two peers with an encrypted connection to each other, in this page. */
export interface End {
  readonly stream: Hypercore.NoiseStream
  /** Null for one that cannot upgrade. */
  readonly upgrade: WebRtcs.WebRtc | null
  readonly session: WebRtcs.UpgradeSession | null
  /** All that came, also those that have closed. */
  readonly channels: Duplex[]
  /** Reasons. */
  readonly failures: (string | undefined)[]
  /** Speaks the protocol of the signals by hand. */
  speak(): Speaker
}

export interface Speaker {
  /** First bytes: their types. */
  readonly heard: number[]
  readonly channel: Protomux.Channel
  /** In one message of the stream, so that nothing comes between them. */
  say(...signals: Uint8Array[]): void
}

/** As they are on the wire: a type, the number of the attempt, and then texts and numbers. */
export type Part = number | string

export interface Ends {
  /** The initiator. */
  readonly left: End
  readonly right: End
  close(): Promise<void>
}

/** Of every RTCPeerConnection that this page has made. */
interface Made {
  readonly connection: RTCPeerConnection
  readonly channels: RTCDataChannel[]
  /** Bytes of the longest message that was sent. */
  longest: number
}

export interface Raw {
  readonly connection: RTCPeerConnection
  readonly channel: RTCDataChannel
}

const made: Made[] = []
const Native = RTCPeerConnection
globalThis.RTCPeerConnection = class extends Native {
  readonly #made: Made = { connection: this, channels: [], longest: 0 }

  constructor(configuration?: RTCConfiguration) {
    super(configuration)
    made.push(this.#made)
  }

  override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    const channel = super.createDataChannel(label, options)
    const send = channel.send.bind(channel) as (data: unknown) => void
    channel.send = (data: unknown) => {
      this.#made.longest = Math.max(this.#made.longest, (data as Uint8Array).byteLength)
      send(data)
    }
    this.#made.channels.push(channel)
    return channel
  }
}

/** A database of this page, shared over a relay. */
export interface Shared {
  readonly key: string
  /** The key of its oplog, hex. */
  readonly local: string
  append(value: { id: string; addWriter?: string }): Promise<void>
  isWritable(): boolean
  /** As JSON. */
  view(): Promise<string>
  /** Joins one more topic, after all else that was said to the relay. */
  join(): void
  /** Of the connections that replicate. */
  kinds(): string[]
  /** Reasons of what failed. */
  readonly failures: (string | undefined)[]
  /** How many peers were left, at each that went. */
  readonly left: number[]
  close(): Promise<void>
}

const kit = {
  b4a,
  webRtc,
  made,

  /** Peer connections of this page that are not closed. */
  open: (): number => made.filter(({ connection }) => connection.signalingState !== 'closed').length,

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
  },

  /** With `null` in the place of options that side cannot upgrade. */
  async pair({
    left = {},
    right = {}
  }: {
    left?: Options | WebRtcs.WebRtc | null
    right?: Options | WebRtcs.WebRtc | null
  } = {}): Promise<Ends> {
    const stores = await Promise.all([openStore(memory()), openStore(memory())])
    const streams = stores.map((store, i) => store.replicate(i === 0))
    const [one, other] = streams as [Hypercore.ReplicationStream, Hypercore.ReplicationStream]
    one.pipe(other as never)
    other.pipe(one as never)
    for (const stream of streams) stream.on('error', () => {})
    await Promise.all(streams.map(({ noiseStream }) => noiseStream.opened))
    const ends = { left: endOf(one.noiseStream, left), right: endOf(other.noiseStream, right) }
    return {
      ...ends,
      async close() {
        for (const { channels, session } of Object.values(ends)) {
          session?.close()
          for (const channel of channels) channel.destroy()
        }
        await Promise.all(Object.values(ends).flatMap(({ channels }) => channels.map(closed)))
        for (const stream of streams) stream.destroy()
        await Promise.all(streams.map(closed))
        for (const store of stores) await store.close()
      }
    }
  },

  /** Two ends with an open channel each; `raw` is what is below the left one. */
  async channels(): Promise<{ ends: Ends; left: Duplex; right: Duplex; raw: Raw }> {
    const before = made.length
    const ends = await kit.pair()
    await kit.until(() => ends.left.channels.length === 1 && ends.right.channels.length === 1)
    const { connection, channels } = made[before] as Made
    return {
      ends,
      left: ends.left.channels[0] as Duplex,
      right: ends.right.channels[0] as Duplex,
      raw: { connection, channel: channels[0] as RTCDataChannel }
    }
  },

  /** The one that was opened last in this page. */
  shared: null as Shared | null,

  /** With a name, in IndexedDB; else in memory. */
  async share({
    name,
    key = null,
    url,
    options
  }: {
    name?: string
    key?: string | null
    url: string
    options?: Options
  }): Promise<{ key: string; local: string }> {
    const store = await openStore(name ?? memory())
    const db = new Autobee(store, key, { apply: apply as never, valueEncoding: 'json', ackInterval: 0 })
    await db.ready()
    const failures: (string | undefined)[] = []
    const left: number[] = []
    const relay = connectRelay(db, url, { upgrade: webRtc(options), retry: { first: 20, longest: 100 } })
    relay.on('error', ({ reason }) => failures.push(reason))
    relay.on('peer-close', () => left.push(relay.peers.length))
    kit.shared = {
      key: db.id as string,
      local: b4a.toString(db.local.key, 'hex'),
      failures,
      left,
      append: async value => void (await db.append(value as never)),
      isWritable: () => db.writable,
      view: async () => JSON.stringify(await contents(db.bee)),
      join: () => relay.join(crypto.getRandomValues(new Uint8Array(32))),
      kinds: () => relay.peers.map(({ kind }) => kind).sort(),
      async close() {
        await relay.close()
        await db.close()
        await store.close()
      }
    }
    return { key: kit.shared.key, local: kit.shared.local }
  },

  /** Runs a case of the acceptance suite on two ends of a data channel. */
  async runCase(name: string): Promise<void> {
    const { transportSuite } = (await import('/lib/testing.js' as string)) as typeof Testing
    const cases = new Map<string, () => Promise<void>>()
    transportSuite<Testing.TransportPair & { raw: Raw }>({
      ...NATURE,
      test: (name, run) => cases.set(name, run),
      async create() {
        const from = made.length
        const { ends, left, right, raw } = await kit.channels()
        const mine = made.slice(from)
        // a case may be longer than the pause before another attempt
        for (const { session } of [ends.left, ends.right]) session?.close()
        return {
          ends: [left, right] as never,
          raw,
          held: () => mine.filter(({ connection }) => connection.signalingState !== 'closed').length,
          destroy: () => ends.close()
        }
      },
      faults: { cut: ({ raw }) => raw.connection.close() }
    })
    const run = cases.get(name)
    if (!run) throw new Error(`there is no case ${name}`)
    await run()
  },

  signal(...parts: readonly Part[]): Uint8Array {
    return b4a.concat(
      parts.map(part => (typeof part === 'number' ? c.encode(c.uint, part) : c.encode(c.string, part)))
    )
  },

  /** What becomes of a stream, in order: `data` (bytes), `end`, `error` (reason), `close`. */
  watch(stream: Duplex): { events: string[]; bytes: () => number } {
    const events: string[] = []
    let bytes = 0
    stream.on('data', chunk => {
      bytes += (chunk as Uint8Array).byteLength
    })
    stream.on('end', () => events.push('end'))
    stream.on('error', error => events.push(`error ${(error as { reason?: string }).reason}`))
    stream.on('close', () => events.push('close'))
    return { events, bytes: () => bytes }
  },

  /** Bytes that are the same for the same seed, and unlike others. */
  noise(length: number, seed = 1): Uint8Array {
    const bytes = new Uint8Array(length)
    let state = seed
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      bytes[i] = state >>> 24
    }
    return bytes
  }
}

export type Kit = typeof kit

function endOf(stream: Hypercore.NoiseStream, options: Options | WebRtcs.WebRtc | null): End {
  const upgrade = options && ('start' in options ? options : webRtc(options))
  const channels: Duplex[] = []
  const failures: (string | undefined)[] = []
  const session =
    upgrade?.start({
      stream,
      isInitiator: stream.isInitiator,
      onchannel: channel => {
        channel.on('error', () => {})
        channels.push(channel)
      },
      onfail: ({ reason }) => failures.push(reason)
    }) ?? null
  return {
    stream,
    upgrade,
    session,
    channels,
    failures,
    speak() {
      const heard: number[] = []
      const channel = stream.userData?.createChannel({ protocol: 'autobee/webrtc' })
      if (!channel) throw new Error('it speaks already')
      const message = channel.addMessage<Uint8Array>({ onmessage: bytes => void heard.push(bytes[0] ?? -1) })
      channel.open()
      return {
        heard,
        channel,
        say(...signals) {
          channel.cork()
          for (const signal of signals) message.send(signal)
          channel.uncork()
        }
      }
    }
  }
}

function closed(stream: Duplex | Hypercore.ReplicationStream): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise(resolve => stream.once('close', () => resolve()))
}

Object.assign(globalThis, { kit, client: {} })
