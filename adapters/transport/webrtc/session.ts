import { type AutobeeError, messageOf, toAutobeeError } from '../../../src/errors.ts'
import type { UpgradeOptions, UpgradeSession } from '../upgrade.ts'
import { Attempt, failed, misplaced } from './attempt.ts'
import type { Pair } from './pairs.ts'
import { Signalling } from './signalling.ts'
import type { Signal } from './signals.ts'
import type { IceServer, PeerConnectionClass } from './types.ts'

export interface Settings {
  readonly RTCPeerConnection: PeerConnectionClass
  readonly iceServers: readonly IceServer[]
  readonly timeout: number
  readonly lostTimeout: number
  readonly maxConnections: number
}

export interface SessionOptions extends UpgradeOptions {
  readonly settings: Settings
  readonly pair: Pair
  /** Attempts whose peer connection is open, of all sessions. */
  readonly attempts: Set<Attempt>
}

/**
 * The attempts of one relay connection, one at a time.
 * 1. Only the initiator of the relay's connection offers, when the other side has opened the protocol too.
 * 2. It offers again only when the peer connection of the attempt before is closed, and after a pause.
 * 3. Nothing is called back after `close`, and an attempt that gave no channel by then is given up.
 */
export class Session implements UpgradeSession {
  readonly #o: SessionOptions
  readonly #signalling: Signalling
  #attempt: Attempt | null = null
  #id = 0
  #pause: ReturnType<typeof setTimeout> | null = null
  #isClosed = false

  constructor(options: SessionOptions) {
    this.#o = options
    this.#signalling = new Signalling(options.stream, {
      onopen: () => this.#wait(),
      onsignal: signal => this.#receive(signal),
      onbroken: error => {
        this.#fail(error)
        this.close()
      },
      onclose: () => this.close()
    })
    if (this.#signalling.isClosed) this.close()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pause) clearTimeout(this.#pause)
    this.#attempt?.close()
    this.#signalling.close()
  }

  #wait(): void {
    const { isInitiator, pair } = this.#o
    if (this.#isClosed || !isInitiator) return
    this.#pause = setTimeout(() => this.#offer(), pair.pause)
  }

  #offer(): void {
    const { attempts, pair, settings } = this.#o
    if (attempts.size >= settings.maxConnections) {
      pair.ended(0)
      this.#wait()
      return
    }
    this.#id++
    this.#begin(this.#id)
  }

  #begin(id: number): Attempt | null {
    const { attempts, isInitiator, onchannel, pair, settings } = this.#o
    let opened = 0
    try {
      const attempt: Attempt = new Attempt({
        ...settings,
        id,
        isOfferer: isInitiator,
        send: signal => this.#signalling.send(signal),
        onopen: stream => {
          opened = performance.now()
          onchannel(stream)
        },
        onclose: error => {
          attempts.delete(attempt)
          this.#ended(attempt, { error, lasted: opened && performance.now() - opened })
        }
      })
      attempts.add(attempt)
      this.#attempt = attempt
      return attempt
    } catch (error) {
      pair.ended(0)
      this.#signalling.send({ type: 'abort', attempt: id })
      this.#fail(failed(messageOf(error), error))
      this.#wait()
      return null
    }
  }

  #ended(attempt: Attempt, { error, lasted }: { error: AutobeeError | null; lasted: number }): void {
    this.#o.pair.ended(lasted)
    // the other side may have begun anew
    if (this.#attempt !== attempt) return
    this.#attempt = null
    if (this.#isClosed) return
    if (error) {
      this.#signalling.send({ type: 'abort', attempt: attempt.id })
      this.#fail(error)
    }
    this.#wait()
  }

  #receive(signal: Signal): void {
    if (signal.type === 'offer') {
      this.#onoffer(signal)
      return
    }
    if (signal.attempt > this.#id) throw misplaced(`${signal.type} of an attempt that is not made`)
    // what was on its way when the attempt ended
    if (this.#attempt?.id === signal.attempt) this.#attempt.receive(signal)
  }

  #onoffer(signal: Signal): void {
    const { attempts, isInitiator, pair, settings } = this.#o
    const { attempt: id } = signal
    if (isInitiator || id <= this.#id) throw misplaced('an offer')
    this.#id = id
    // who offers has none: what this side has left of the attempt before is of no use
    const before = this.#attempt
    this.#attempt = null
    before?.lose()
    if (attempts.size >= settings.maxConnections || !pair.admits()) {
      this.#signalling.send({ type: 'abort', attempt: id })
      return
    }
    this.#begin(id)?.receive(signal)
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.#o.onfail(toAutobeeError(error, { code: 'TRANSPORT_FAILED', message: 'WebRTC failed' }))
  }
}
