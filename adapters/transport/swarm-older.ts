import Hypercore from 'hypercore'
import { Duplex } from 'streamx'
import { AutobeeError } from '../../src/index.ts'
import { HandshakeGuard } from './handshake-guard.ts'
import type {
  OlderConnection,
  OlderInfo,
  OlderSwarm,
  Swarm,
  SwarmConnection,
  SwarmSession
} from './swarm-types.ts'
import { ConnectionError } from './tcp-errors.ts'

/** Bytes of one write at most: a data channel of WebRTC fails at more than its browsers have agreed on. */
const LONGEST_WRITE = 1 << 16
/** ms of silence after which the other side is taken for gone; peers send something every 5,000 ms. */
const SILENCE = 8_000
/** ms */
const HANDSHAKE = 10_000

type Listener = Parameters<Swarm['on']>[1]

const adapted = new WeakMap<OlderSwarm, Swarm>()
const secured = new WeakMap<OlderConnection, SwarmConnection>()

/** Hyperswarm 2, and what has its API; from 3 on there are sessions, and `connections`. */
export function isOlder(swarm: Swarm | OlderSwarm): swarm is OlderSwarm {
  return !('connections' in swarm) && typeof (swarm as Partial<OlderSwarm>).leave === 'function'
}

/** As a Swarm: the same one for all who ask. */
export function adaptOlder(swarm: OlderSwarm): Swarm {
  const known = adapted.get(swarm)
  if (known) return known
  const adapter = new AdaptedSwarm(swarm)
  adapted.set(swarm, adapter)
  return adapter
}

class AdaptedSwarm implements Swarm {
  readonly #swarm: OlderSwarm
  readonly #listeners = new Map<Listener, (connection: OlderConnection, info: OlderInfo) => void>()
  /** How often each topic is joined, by its bytes. */
  readonly #joined = new Map<string, number>()

  constructor(swarm: OlderSwarm) {
    this.#swarm = swarm
  }

  get destroyed(): boolean {
    return this.#swarm.destroyed === true
  }

  get connections(): readonly SwarmConnection[] {
    const peers = [...(this.#swarm.peers ?? [])]
    return peers.filter(({ connection }) => !connection.destroyed).map(peer => secure(peer))
  }

  join(topic: Uint8Array, { server, client }: { server: boolean; client: boolean }): SwarmSession {
    const name = String(topic)
    try {
      this.#swarm.join(topic, { lookup: client, announce: server })
    } catch (cause) {
      const { message } = cause as Error
      throw new AutobeeError('TRANSPORT_FAILED', `the swarm does not take the topic (${message})`, {
        reason: 'JOIN',
        cause
      })
    }
    this.#joined.set(name, (this.#joined.get(name) ?? 0) + 1)
    let isLeft = false
    return {
      destroy: async () => {
        if (isLeft) return
        isLeft = true
        const left = (this.#joined.get(name) ?? 1) - 1
        this.#joined.set(name, left)
        // one that is destroyed has left
        if (left === 0 && !this.destroyed) await this.#swarm.leave(topic)
      }
    }
  }

  on(event: 'connection', listener: Listener): void {
    const onconnection = (connection: OlderConnection, info: OlderInfo) =>
      listener(secure({ connection, info }), info)
    this.#listeners.set(listener, onconnection)
    this.#swarm.on(event, onconnection)
  }

  off(event: 'connection', listener: Listener): void {
    const onconnection = this.#listeners.get(listener)
    if (onconnection) this.#swarm.off(event, onconnection)
    this.#listeners.delete(listener)
  }
}

/**
 * A Noise stream over the bytes, which nobody has encrypted or authenticated; the same one for all who ask. It is opening;
 * without a handshake in time, or when that is none, it is destroyed with an error that says so.
 */
function secure({ connection, info }: { connection: OlderConnection; info: OlderInfo }): SwarmConnection {
  const known = secured.get(connection)
  if (known) return known
  const isInitiator = info.client === true
  const stream = Hypercore.createProtocolStream(isInitiator) as SwarmConnection
  const bytes = new OlderBytes(connection, new HandshakeGuard({ isInitiator }))
  const end = (error: Error | null): void => {
    clearTimeout(deadline)
    stream.destroy(error)
    bytes.destroy()
  }
  const late = new ConnectionError('HANDSHAKE_TIMEOUT', `it did not speak the protocol in ${HANDSHAKE} ms`)
  const deadline = setTimeout(end, HANDSHAKE, late)
  for (const side of [stream, bytes]) {
    side.on('error', end)
    side.once('close', () => end(null))
  }
  void stream.noiseStream.opened.then(isOpen => {
    clearTimeout(deadline)
    if (isOpen) stream.noiseStream.setTimeout(SILENCE)
  })
  bytes.pipe(stream as never)
  stream.pipe(bytes as never)
  secured.set(connection, stream)
  return stream
}

/** Backpressure both ways, and no write longer than it may be. */
class OlderBytes extends Duplex {
  readonly #connection: OlderConnection
  readonly #guard: HandshakeGuard
  #rest: Uint8Array | null = null
  #written: ((error: Error | null) => void) | null = null

  constructor(connection: OlderConnection, guard: HandshakeGuard) {
    super()
    this.#connection = connection
    this.#guard = guard
    connection.on('data', chunk => this.#ondata(chunk))
    connection.on('drain', () => this.#write())
    connection.on('end', () => this.push(null))
    connection.on('error', error => this.destroy(error))
    connection.on('close', () => this.destroy())
  }

  override _read(callback: (error: Error | null) => void): void {
    this.#connection.resume()
    callback(null)
  }

  override _write(data: Uint8Array, callback: (error: Error | null) => void): void {
    this.#rest = data
    this.#written = callback
    this.#write()
  }

  override _final(callback: (error: Error | null) => void): void {
    this.#connection.end()
    callback(null)
  }

  override _predestroy(): void {
    this.#rest = null
    this.#written?.(new ConnectionError('PROTOCOL', 'it was destroyed'))
    this.#written = null
  }

  override _destroy(callback: (error: Error | null) => void): void {
    this.#connection.destroy()
    callback(null)
  }

  #ondata(chunk: Uint8Array): void {
    if (this.destroying) return
    if (!this.#guard.isDone && !this.#guard.accepts(chunk)) {
      this.destroy(new ConnectionError('PROTOCOL', 'it speaks another protocol'))
      return
    }
    if (!this.push(chunk)) this.#connection.pause()
  }

  /** Until the connection is full, or all is written. */
  #write(): void {
    while (this.#rest && this.#rest.byteLength > 0) {
      const chunk = this.#rest.subarray(0, LONGEST_WRITE)
      this.#rest = this.#rest.subarray(chunk.byteLength)
      if (!this.#connection.write(chunk)) return
    }
    this.#rest = null
    const callback = this.#written
    this.#written = null
    callback?.(null)
  }
}
