import b4a from 'b4a'
import c from 'compact-encoding'
import Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import {
  type Ask,
  type Begin,
  decodeMessage,
  type Have,
  MESSAGE_TYPES,
  OUTGOING,
  type RangeMessage
} from '../../src/sync/ranges/messages.ts'
import type { Hostile } from '../support/hostile.ts'

type Type = RangeMessage['type']
type Of<T extends Type> = Extract<RangeMessage, { type: T }>

const [INITIATOR, RESPONDER] = crypto.namespace('autobee/ranges', 2) as [Uint8Array, Uint8Array]

/**
 * Speaks the range protocol over a real stream, by hand, and nothing else: whatever the other side gets, it did not
 * get from Hypercore's replication. Answers nothing by itself.
 */
export class Speaker {
  readonly stream: Hypercore.ReplicationStream
  readonly heard: RangeMessage[] = []
  /** Called for each message; may answer. */
  onmessage: (message: RangeMessage) => void = () => {}
  isOpen = false
  isClosed = false
  #isEnded = false
  #channel: Protomux.Channel | null = null
  #messages: Protomux.Message<unknown>[] = []
  readonly #key: Uint8Array

  /** `proof`: what to show in place of the right one. */
  constructor(key: Uint8Array, { proof }: { proof?: Uint8Array } = {}) {
    this.#key = key
    this.stream = Hypercore.createProtocolStream(false)
    this.stream.on('error', () => {})
    this.stream.once('close', () => {
      this.#isEnded = true
    })
    this.stream.noiseStream.opened.then(opened => {
      if (opened) this.open(proof)
    })
  }

  /** As `replicate` of a database, so that it can be connected like one. */
  replicate(): Hypercore.ReplicationStream {
    return this.stream
  }

  /** Did the whole connection end? */
  get isEnded(): boolean {
    return this.#isEnded
  }

  open(proof?: Uint8Array): void {
    const muxer = Hypercore.getProtocolMuxer(this.stream)
    const { isInitiator, handshakeHash } = muxer.stream
    this.isClosed = false
    const right = crypto.hash([isInitiator ? INITIATOR : RESPONDER, this.#key, handshakeHash as Uint8Array])
    const channel: Protomux.Channel | null = muxer.createChannel({
      protocol: 'autobee/ranges/1',
      id: crypto.discoveryKey(this.#key),
      handshake: c.raw as never,
      onopen: () => {
        this.isOpen = true
      },
      onclose: () => {
        this.isClosed = true
      }
    })
    this.#channel = channel
    if (!channel) return
    this.#messages = MESSAGE_TYPES.map(type =>
      channel.addMessage({
        encoding: { ...OUTGOING, ...raw() } as never,
        onmessage: (bytes: unknown) => {
          const message = decodeMessage(type, bytes as Uint8Array)
          this.heard.push(message)
          this.onmessage(message)
        }
      })
    )
    channel.open(proof ?? right)
  }

  send(message: RangeMessage): void {
    this.sendRaw(MESSAGE_TYPES.indexOf(message.type), c.encode(OUTGOING as never, message as never))
  }

  /** Any bytes, as a message of that number. */
  sendRaw(type: number, bytes: Uint8Array): void {
    this.#messages[type]?.send(bytes)
  }

  close(): void {
    this.#channel?.close()
  }

  /** Resolves when the other side has seen all that was sent on this stream before: it refuses a channel that nobody has. */
  async roundTrip(): Promise<void> {
    const muxer = Hypercore.getProtocolMuxer(this.stream)
    await new Promise<void>((resolve, reject) => {
      const channel = muxer.createChannel({ protocol: 'nobody', onclose: () => resolve() })
      if (channel) channel.open()
      else reject(new Error('the stream is gone'))
    })
  }

  all<T extends Type>(type: T): Of<T>[] {
    return this.heard.filter((message): message is Of<T> => message.type === type)
  }

  /** Everything it was told of an oplog, the last first. */
  told(key: Uint8Array): Have['oplogs'][number] | undefined {
    const all = this.all('have').flatMap(({ oplogs }) => oplogs)
    return all.reverse().find(oplog => b4a.equals(oplog.key, key))
  }
}

function raw() {
  return {
    preencode: (state: { end: number }, bytes: Uint8Array) => {
      state.end += bytes.byteLength
    },
    encode: (state: never, bytes: Uint8Array) => c.raw.encode(state, bytes as never)
  }
}

/** What an honest peer would answer: the blocks of a member's oplog from there on, and the head that they end with. */
export async function rangeOf(
  core: Hypercore,
  { from }: { from: number }
): Promise<{ begin: Begin; blocks: Uint8Array[] }> {
  const { signature, length } = (core.core as { state: { signature: Uint8Array; length: number } }).state
  const blocks: Uint8Array[] = []
  for (let i = from; i < length; i++) blocks.push((await core.get(i, { raw: true })) as Uint8Array)
  const signer = core.manifest?.signers[0]?.publicKey as Uint8Array
  return { begin: { to: length, signature: b4a.from(signature), signer }, blocks }
}

export function announcementOf({ core }: Hostile): Have {
  const { key, length } = core
  const { byteLength } = (core.core as { state: { byteLength: number } }).state
  return { type: 'have', oplogs: [{ key, length, bytes: byteLength }] }
}

export type { Ask, RangeMessage }
