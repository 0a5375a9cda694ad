import b4a from 'b4a'
import type { Peer } from '../../handle.ts'
import type { UpgradeSession } from '../../upgrade.ts'
import type { RelayChannel } from '../channel.ts'
import type { ResetReason } from '../frames.ts'
import type { RelayDialer } from './dialer.ts'
import type { Session } from './session.ts'

/** Where a contact came from: over which relay, and for which topic (its hash). */
export interface Origin {
  readonly dialer: RelayDialer
  readonly topic: Uint8Array
}

/** What a contact runs on. Between two peers the better way is kept. */
export type Way =
  | { readonly kind: 'relay'; readonly channel: RelayChannel }
  /** What an upgrade made, for the owner of this public key and nobody else. */
  | { readonly kind: string; readonly channel: null; readonly publicKey: Uint8Array }

export interface ContactOptions {
  readonly session: Session
  readonly way: Way
  readonly origin: Origin
  readonly startedAt: number
}

/** One connection to somebody, by whatever way. */
export class Contact {
  readonly session: Session
  readonly way: Way
  readonly origin: Origin
  readonly startedAt: number
  /** From when on it replicates. */
  peer: Peer | null = null
  upgrade: UpgradeSession | null = null
  /** Of one that is not in use: what becomes of it if nothing happens. */
  #timer: ReturnType<typeof setTimeout> | null = null
  /** Why this side has dropped it. */
  #dropped: ResetReason | null = null

  constructor({ session, way, origin, startedAt }: ContactOptions) {
    this.session = session
    this.way = way
    this.origin = origin
    this.startedAt = startedAt
  }

  /** The public key as hex; only of a contact that has opened. */
  get id(): string {
    return b4a.toString(this.session.publicKey, 'hex')
  }

  get address(): string {
    const { host } = this.origin.dialer
    return this.session.isOpen ? `${this.id} by ${this.way.kind} (${host})` : host
  }

  /** Why it was given up before its time, by this side or the other; null when something failed, or nothing. */
  get endedBy(): ResetReason | null {
    return this.#dropped ?? this.way.channel?.resetBy ?? null
  }

  /**
   * A better way first, then the smaller handshake hash: both sides know both, so they keep the same one.
   */
  isBetterThan(other: Contact): boolean {
    const rank = (contact: Contact): number => (contact.way.kind === 'relay' ? 1 : 0)
    if (rank(this) !== rank(other)) return rank(this) < rank(other)
    return b4a.compare(this.session.hash, other.session.hash) < 0
  }

  drop(reason: ResetReason): void {
    this.#dropped ??= reason
    this.way.channel?.reset(reason)
    this.session.end(null)
  }

  /** Does it later, instead of what was to be done before. */
  after(ms: number, act: () => void): void {
    this.keep()
    this.#timer = setTimeout(act, ms)
  }

  /** It is needed as it is. */
  keep(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Called at its end. */
  release(): void {
    this.keep()
    this.upgrade?.close()
    this.upgrade = null
  }
}
