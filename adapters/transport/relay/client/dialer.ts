import b4a from 'b4a'
import type { AutobeeError } from '../../../../src/index.ts'
import { Backoff, type BackoffOptions } from '../../backoff.ts'
import type { RelayState, RelayStatus } from '../../handle.ts'
import type { RelayChannel } from '../channel.ts'
import { topicHash } from '../frames.ts'
import type { Environment } from './environment.ts'
import { RelayLine } from './line.ts'

export interface DialerOptions {
  readonly url: string
  readonly token: string
  readonly handshakeTimeout: number
  readonly maxChannels: number
  readonly retry: BackoffOptions
  readonly environment: Environment
  onstatus(state: RelayState): void
  onretry(pause: { attempt: number; delay: number }): void
  onerror(error: AutobeeError): void
  /** Somebody is there; `topic` is the hash. */
  onchannel(channel: RelayChannel, options: { isInitiator: boolean; topic: Uint8Array }): void
  onfull(): void
  onrefused(topic: Uint8Array): void
}

/** Keeps one relay's line up: dials, dials again, and joins what is to be joined. */
export class RelayDialer {
  readonly url: string
  /** The relay, for people. */
  readonly host: string
  readonly #o: DialerOptions
  /** Hashes, by their hex. */
  readonly #topics = new Map<string, Uint8Array>()
  readonly #backoff: Backoff
  readonly #rejoining: Backoff
  /** Hashes to join once more, as hex. */
  readonly #again = new Set<string>()
  #line: RelayLine | null = null
  #openedAt = 0
  #timer: ReturnType<typeof setTimeout> | null = null
  #rejoinTimer: ReturnType<typeof setTimeout> | null = null
  #status: RelayStatus = 'connecting'
  #isStopped = false

  constructor(options: DialerOptions) {
    this.#o = options
    this.url = options.url
    this.host = new URL(options.url).host
    this.#backoff = new Backoff(options.retry)
    this.#rejoining = new Backoff(options.retry)
  }

  get status(): RelayStatus {
    return this.#status
  }

  /** Dials now, unless it does or has. */
  dial(): void {
    if (this.#isStopped || this.#line) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    // it is dialled when there is a network; that a page is told of it is not relied on
    if (!this.#isReachable) {
      this.#timer = setTimeout(() => this.dial(), this.#backoff.next().delay)
      this.#setStatus('waiting')
      return
    }
    this.#setStatus('connecting')
    try {
      this.#line = this.#open()
    } catch (error) {
      this.stop()
      this.#o.onerror(error as AutobeeError)
    }
  }

  /** There may be a network again, or the page was asleep. */
  wake(): void {
    this.#line?.wake()
    if (this.#line || this.#isStopped) return
    this.#backoff.ended(Number.POSITIVE_INFINITY)
    this.dial()
  }

  /** @param topic 32 bytes; again: to meet those with whom there is no channel now */
  join(topic: Uint8Array): void {
    const hash = topicHash(topic)
    this.#topics.set(b4a.toString(hash, 'hex'), hash)
    if (this.#line?.isReady) this.#line.join(hash)
  }

  leave(topic: Uint8Array): void {
    const hash = topicHash(topic)
    if (this.#topics.delete(b4a.toString(hash, 'hex')) && this.#line?.isReady) this.#line.leave(hash)
  }

  /** Joins a topic (its hash) once more, after a pause that grows. A line that is dialled anew joins all of them anyway. */
  rejoin(topic: Uint8Array): void {
    if (this.#isStopped || !this.#line?.isReady) return
    this.#again.add(b4a.toString(topic, 'hex'))
    this.#rejoinTimer ??= setTimeout(() => {
      const again = [...this.#again]
      this.#forgetRejoins()
      for (const hash of again.map(hex => this.#topics.get(hex))) if (hash) this.#line?.join(hash)
    }, this.#rejoining.next().delay)
  }

  /** A connection over this relay lasted so long, ms. */
  lasted(ms: number): void {
    this.#rejoining.ended(ms)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#forgetRejoins()
    const line = this.#line
    await line?.close()
    this.#setStatus('closed')
  }

  /** A machine without a network reaches itself. */
  get #isReachable(): boolean {
    return this.#o.environment.isOnline() || isLoopback(new URL(this.url).hostname)
  }

  #open(): RelayLine {
    const { environment, ...options } = this.#o
    const line: RelayLine = new RelayLine({
      ...options,
      now: () => environment.now(),
      onopen: () => {
        this.#openedAt = environment.now()
        this.#setStatus('open')
      },
      onready: () => {
        for (const topic of this.#topics.values()) line.join(topic)
      },
      onroom: topics => {
        for (const topic of topics) this.rejoin(topic)
      },
      onclose: error => this.#onclose(error)
    })
    return line
  }

  #forgetRejoins(): void {
    if (this.#rejoinTimer) clearTimeout(this.#rejoinTimer)
    this.#rejoinTimer = null
    this.#again.clear()
  }

  #onclose(error: AutobeeError | null): void {
    const wasOpen = this.#status === 'open'
    this.#line = null
    this.#forgetRejoins()
    if (this.#isStopped) return
    if (wasOpen) this.#backoff.ended(this.#o.environment.now() - this.#openedAt)
    if (error) this.#o.onerror(error)
    // a listener may have closed the handle
    if (this.#isStopped) return
    const pause = this.#backoff.next()
    this.#timer = setTimeout(() => this.dial(), pause.delay)
    this.#setStatus('waiting')
    this.#o.onretry(pause)
  }

  #setStatus(status: RelayStatus): void {
    if (this.#status === status || this.#status === 'closed') return
    this.#status = status
    this.#o.onstatus({ url: this.url, status })
  }
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost')
}
