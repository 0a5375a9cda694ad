import { AutobeeError } from '../../../src/index.ts'
import { ChannelStream } from './channel-stream.ts'
import { describesData, type Signal } from './signals.ts'
import type { IceServer, PeerConnectionClass, PeerConnectionLike } from './types.ts'

/** Of each side, in one attempt. A page has one per network, protocol and server. */
export const MOST_CANDIDATES = 64

export interface AttemptOptions {
  /** From 1; of this session. */
  readonly id: number
  readonly isOfferer: boolean
  readonly RTCPeerConnection: PeerConnectionClass
  readonly iceServers: readonly IceServer[]
  /** ms until the channel has to be open. */
  readonly timeout: number
  readonly lostTimeout: number
  send(signal: Signal): void
  /** Once at most; the stream is another's from then on. */
  onopen(stream: ChannelStream): void
  /** Once, when its peer connection is closed; `error`: before the channel was open, unless it was closed on purpose. */
  onclose(error: AutobeeError | null): void
}

/** One peer connection, from its making until its one data channel is open. Only one side offers, so offers never cross. */
export class Attempt {
  readonly #o: AttemptOptions
  readonly #connection: PeerConnectionLike
  readonly #stream: ChannelStream
  readonly #deadline: ReturnType<typeof setTimeout>
  /** One step after the other: candidates are of use only after the description they belong to. */
  #steps: Promise<void> = Promise.resolve()
  #candidates = 0
  #isDescribed = false
  #state: 'connecting' | 'open' | 'closed' = 'connecting'
  #error: AutobeeError | null = null
  #isGivenUp = false

  /** @throws what the implementation throws for such ICE servers, or when it has too many connections */
  constructor(options: AttemptOptions) {
    this.#o = options
    const { RTCPeerConnection, iceServers, lostTimeout, timeout } = options
    const connection = new RTCPeerConnection({ iceServers: [...iceServers] })
    this.#connection = connection
    // the same on both sides, so that no other channel is ever needed
    const channel = connection.createDataChannel('autobee', { ordered: true, negotiated: true, id: 0 })
    const stream = new ChannelStream({ connection, channel, lostTimeout })
    this.#stream = stream
    stream.on('error', error => this.#onerror(error))
    stream.once('close', () => this.#onclose())
    channel.addEventListener('open', () => this.#onopen())
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.candidate) this.#say({ type: 'candidate', attempt: options.id, candidate })
    })
    this.#deadline = setTimeout(() => this.fail(`no connection in ${timeout} ms`), timeout)
    if (options.isOfferer) this.#do(() => this.#describe('offer'))
  }

  get id(): number {
    return this.#o.id
  }

  get state(): 'connecting' | 'open' | 'closed' {
    return this.#state
  }

  /** @throws AutobeeError `TRANSPORT_FAILED`, reason `PROTOCOL`, for what does not belong here */
  receive(signal: Signal): void {
    switch (signal.type) {
      case 'offer':
      case 'answer': {
        const { type, sdp } = signal
        const expected = this.#o.isOfferer ? 'answer' : 'offer'
        if (type !== expected || this.#isDescribed) throw misplaced(`an ${type}`)
        this.#isDescribed = true
        this.#do(async () => {
          await this.#connection.setRemoteDescription({ type, sdp })
          if (type === 'offer') await this.#describe('answer')
        })
        return
      }
      case 'candidate':
        if (++this.#candidates > MOST_CANDIDATES) throw misplaced('too many candidates')
        this.#do(async () => {
          try {
            await this.#connection.addIceCandidate(signal.candidate)
          } catch {
            // of a kind that is not known here: one way less to try. Without any the attempt fails in time
          }
        })
        return
      case 'abort':
        this.fail('the other side gave it up')
    }
  }

  /** Ends it before the channel is open; afterwards the stream is another's. */
  fail(what: string, cause?: unknown): void {
    if (this.#state === 'connecting') this.#stream.destroy(failed(what, cause))
  }

  /** As `fail`, of which nobody is told. */
  close(): void {
    if (this.#state !== 'connecting') return
    this.#isGivenUp = true
    this.#stream.destroy()
  }

  /** Also when the stream is another's: the other side is known to have lost it. */
  lose(): void {
    this.#stream.destroy(failed('the other side has lost it'))
  }

  async #describe(type: 'offer' | 'answer'): Promise<void> {
    const connection = this.#connection
    const { sdp = '' } = await (type === 'offer' ? connection.createOffer() : connection.createAnswer())
    if (!describesData(sdp)) throw failed('this side describes more than data')
    // first, so that it is there before the candidates
    this.#say({ type, attempt: this.id, sdp })
    await connection.setLocalDescription({ type, sdp })
  }

  #do(step: () => Promise<void>): void {
    this.#steps = this.#steps.then(async () => {
      // late candidates help an open connection too
      if (this.#state === 'closed' || this.#stream.destroying) return
      try {
        await step()
      } catch (error) {
        this.fail(AutobeeError.is(error) ? error.message : 'its description was not taken', error)
      }
    })
  }

  #say(signal: Signal): void {
    if (this.#state !== 'closed' && !this.#stream.destroying) this.#o.send(signal)
  }

  #onopen(): void {
    if (this.#state !== 'connecting' || this.#stream.destroying) return
    clearTimeout(this.#deadline)
    this.#state = 'open'
    this.#o.onopen(this.#stream)
  }

  #onerror(error: Error): void {
    if (this.#state === 'connecting')
      this.#error = AutobeeError.is(error) ? error : failed(error.message, error)
  }

  #onclose(): void {
    clearTimeout(this.#deadline)
    if (this.#state === 'connecting' && !this.#isGivenUp) this.#error ??= failed('the other side closed it')
    this.#state = 'closed'
    this.#o.onclose(this.#error)
  }
}

export function failed(what: string, cause?: unknown): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', `WebRTC did not connect: ${what}`, { reason: 'WEBRTC', cause })
}

export function misplaced(what: string): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', `the other side signalled ${what} where it does not belong`, {
    reason: 'PROTOCOL'
  })
}
