import NoiseSecretStream from '@hyperswarm/secret-stream'
import type Hypercore from 'hypercore'
import type { Duplex } from 'streamx'
import type { KeyPair } from '../../../../src/index.ts'
import { HandshakeGuard } from '../../handshake-guard.ts'
import { ConnectionError } from '../../tcp-errors.ts'
import type { Timeouts } from '../../tcp-options.ts'

/** ms; Hypercore's own. */
const KEEP_ALIVE = 5_000

export interface SessionOptions {
  /** Bytes both ways. The session destroys it at its own end. */
  readonly bytes: Duplex
  readonly isInitiator: boolean
  readonly keyPair: KeyPair
  readonly timeouts: Timeouts
  /** The handshake is through: whose public key it is is known. */
  onopen(session: Session): void
  /** Once; no error when nothing went wrong, or when it was ended here. */
  onclose(session: Session, error: Error | null): void
}

/** Noise, from its handshake on, over some bytes. */
export class Session {
  readonly isInitiator: boolean
  readonly stream: Hypercore.NoiseStream
  readonly #o: SessionOptions
  readonly #closed: Promise<void>
  readonly #deadline: ReturnType<typeof setTimeout>
  readonly #waiting: (() => void)[] = []
  #isEnded = false
  #isOpen = false
  #error: Error | null = null

  constructor(options: SessionOptions) {
    const { bytes, isInitiator, keyPair, timeouts } = options
    this.#o = options
    this.isInitiator = isInitiator
    // what keeps the other side's stream alive may come before anything replicates
    this.stream = new NoiseSecretStream(isInitiator, bytes, { keyPair, filterZeroByteMessages: true })
    // either may be the first to know
    for (const end of [bytes, this.stream]) end.on('error', error => this.end(error))
    this.stream.once('close', () => this.end(null))
    // nobody replicates one way only
    bytes.once('end', () => this.end(null))
    this.#closed = new Promise(resolve => {
      bytes.once('close', () => {
        this.end(null)
        this.#onclosed(resolve)
      })
    })
    this.#guard()
    // every byte would put off a time-out for silence
    this.#deadline = setTimeout(() => {
      const message = `the other side did not speak the protocol in ${timeouts.handshake} ms`
      this.end(new ConnectionError('HANDSHAKE_TIMEOUT', message))
    }, timeouts.handshake)
    this.stream.opened.then(isOpen => {
      if (isOpen && !this.#isEnded) this.#open()
    })
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Is the handshake through, whatever came after it? */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** 32 bytes; only of a session that has opened. */
  get publicKey(): Uint8Array {
    return this.stream.remotePublicKey
  }

  /** 64 bytes, the same on both sides; only of a session that has opened. */
  get hash(): Uint8Array {
    return this.stream.handshakeHash as Uint8Array
  }

  /** It is read from now on: a peer that falls silent is gone. */
  listen(): void {
    this.stream.setTimeout(this.#o.timeouts.silence)
  }

  /** Calls back when something has come that the other side has said since. */
  onceHeard(callback: () => void): void {
    if (this.#waiting.push(callback) > 1) return
    const { bytes } = this.#o
    bytes.once('data', () => {
      for (const heard of this.#waiting.splice(0)) heard()
    })
  }

  /** Ends it. The first error is the reason, the others follow from it. */
  end(error: Error | null): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#error = error
    clearTimeout(this.#deadline)
    this.#o.bytes.destroy(error)
    this.stream.destroy()
  }

  /** Resolves when it is gone. */
  close(): Promise<void> {
    this.end(null)
    return this.#closed
  }

  #open(): void {
    clearTimeout(this.#deadline)
    this.#isOpen = true
    // also while this side still thinks about the other
    this.stream.setKeepAlive(KEEP_ALIVE)
    this.#o.onopen(this)
  }

  #onclosed(resolve: () => void): void {
    this.#o.onclose(this, this.#error)
    resolve()
  }

  #guard(): void {
    const { bytes, isInitiator } = this.#o
    const guard = new HandshakeGuard({ isInitiator })
    const check = (chunk: unknown): void => {
      if (!guard.accepts(chunk as Uint8Array))
        this.end(new ConnectionError('PROTOCOL', 'the other side speaks another protocol'))
      if (guard.isDone) bytes.off('data', check)
    }
    bytes.on('data', check)
  }
}
