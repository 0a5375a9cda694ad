import b4a from 'b4a'
import type { Duplex } from 'streamx'
import { AutobeeError, type KeyPair } from '../../../../src/index.ts'
import { TransportBase } from '../../base.ts'
import { failure } from '../../failure.ts'
import type { RelayState, TransportStatus } from '../../handle.ts'
import { identityOf } from '../../identity.ts'
import { targetClosed } from '../../target.ts'
import { ConnectionError } from '../../tcp-errors.ts'
import { Circle } from './circle.ts'
import { Contact, type Origin, type Way } from './contact.ts'
import { RelayDialer } from './dialer.ts'
import { type RelayHandle, type RelaySettings, type RelayTarget, toTopic } from './options.ts'
import { Session } from './session.ts'

/** Replicates with those who are met on relays. */
export class RelayMember extends TransportBase implements RelayHandle {
  readonly #target: RelayTarget
  readonly #settings: RelaySettings
  readonly #dialers: readonly RelayDialer[]
  /** By their hex. */
  readonly #topics = new Map<string, Uint8Array>()
  readonly #contacts = new Set<Contact>()
  readonly #circle: Circle
  readonly #unwatch: () => void
  #keyPair: KeyPair | null = null

  constructor(target: RelayTarget, settings: RelaySettings) {
    super(target, 'connecting')
    this.#target = target
    this.#settings = settings
    this.#dialers = settings.urls.map(url => this.#dialer(url))
    this.#circle = new Circle({
      keepsAll: settings.duplicates,
      patience: settings.timeouts.handshake,
      onuse: contact => this.#use(contact),
      onunuse: ({ peer }) => {
        if (peer) this.removePeer(peer, this.#idle)
      }
    })
    for (const topic of settings.topics ?? []) this.#add(topic)
    this.#unwatch = settings.environment.onWake(() => {
      for (const dialer of this.#dialers) if (this.#keyPair) dialer.wake()
    })
    this.#start().catch(error => this.endWithTarget(AutobeeError.is(error) ? error : targetClosed(error)))
  }

  get publicKey(): Uint8Array | null {
    return this.#keyPair?.publicKey ?? null
  }

  get relays(): readonly RelayState[] {
    return this.#dialers.map(({ url, status }) => ({ url, status }))
  }

  get topics(): readonly Uint8Array[] {
    return [...this.#topics.values()]
  }

  join(topic: Uint8Array): void {
    if (this.isClosing) throw new AutobeeError('CLOSED', 'the transport is closed')
    this.#add(toTopic(topic))
  }

  leave(topic: Uint8Array): void {
    if (!this.#topics.delete(b4a.toString(toTopic(topic), 'hex'))) return
    for (const dialer of this.#dialers) dialer.leave(topic)
  }

  protected async disconnect(): Promise<void> {
    this.#unwatch()
    const closing = [...this.#contacts].map(contact => {
      contact.drop('CLOSED')
      return contact.session.close()
    })
    await Promise.all([...closing, ...this.#dialers.map(dialer => dialer.stop())])
  }

  /** What is waited for is the target's own: its store, and the key of a database that is just being made. */
  async #start(): Promise<void> {
    const { keyPair, topics } = this.#settings
    if (!topics) {
      await this.#target.ready?.()
      if (this.#target.discoveryKey) this.#add(toTopic(this.#target.discoveryKey))
    }
    const own = keyPair ?? (await identityOf(this.#target))
    if (this.isClosing) return
    this.#keyPair = own
    for (const dialer of this.#dialers) dialer.dial()
  }

  #add(topic: Uint8Array): void {
    this.#topics.set(b4a.toString(topic, 'hex'), topic)
    for (const dialer of this.#dialers) dialer.join(topic)
  }

  #dialer(url: string): RelayDialer {
    const { token, retry, timeouts, maxChannels, environment } = this.#settings
    const dialer: RelayDialer = new RelayDialer({
      url,
      token,
      retry,
      handshakeTimeout: timeouts.handshake,
      maxChannels,
      environment,
      onstatus: state => {
        if (this.peers.length === 0) this.setStatus(this.#idle)
        this.tell('relay', state)
      },
      onretry: pause => this.tell('retry', pause),
      onerror: error => this.fail(error),
      onchannel: (channel, { isInitiator, topic }) =>
        this.#meet(channel, { isInitiator, way: { kind: 'relay', channel }, origin: { dialer, topic } }),
      onfull: () => this.tell('refused', { address: dialer.host, reason: 'FULL' }),
      onrefused: () =>
        this.fail(
          new AutobeeError('TRANSPORT_FAILED', `${dialer.host} takes no more topics`, { reason: 'FULL' })
        )
    })
    return dialer
  }

  get #idle(): TransportStatus {
    const has = (status: string): boolean => this.#dialers.some(dialer => dialer.status === status)
    if (has('open')) return 'listening'
    return has('connecting') ? 'connecting' : 'waiting'
  }

  #meet(
    bytes: Duplex,
    { isInitiator, way, origin }: { isInitiator: boolean; way: Way; origin: Origin }
  ): Contact {
    const session = new Session({
      bytes,
      isInitiator,
      keyPair: this.#keyPair as KeyPair,
      timeouts: this.#settings.timeouts,
      onopen: () => this.#onopen(contact),
      onclose: (_session, error) => this.#onclose(contact, error)
    })
    const contact = new Contact({ session, way, origin, startedAt: this.#settings.environment.now() })
    this.#contacts.add(contact)
    return contact
  }

  async #onopen(contact: Contact): Promise<void> {
    const { publicKey } = contact.session
    if (b4a.equals(publicKey, this.publicKey as Uint8Array)) {
      contact.drop('DUPLICATE')
      return
    }
    const { way } = contact
    if (!way.channel && !b4a.equals(publicKey, way.publicKey)) {
      contact.session.end(new ConnectionError('PROTOCOL', 'somebody else than was signalled with'))
      return
    }
    // nothing is read of somebody who may not be let in
    way.channel?.hold()
    // what an upgrade made is for one who is let in already
    const isAllowed = way.channel ? await this.#allows(contact) : true
    if (contact.session.isEnded || this.isClosing) return
    if (isAllowed) {
      this.#circle.add(contact)
      return
    }
    contact.drop('REFUSED')
    this.tell('refused', { address: contact.address, reason: 'NOT_ALLOWED' })
  }

  async #allows(contact: Contact): Promise<boolean> {
    try {
      return (await this.#settings.allow(b4a.from(contact.session.publicKey))) === true
    } catch (error) {
      this.fail(
        new AutobeeError('TRANSPORT_FAILED', `allow failed for ${contact.address}`, {
          reason: 'ALLOW',
          cause: error
        })
      )
      return false
    }
  }

  #use(contact: Contact): void {
    if (!contact.peer) {
      const { session, way, address } = contact
      const { stream, isInitiator, publicKey } = session
      session.listen()
      way.channel?.release()
      try {
        this.#target.replicate(stream)
      } catch (error) {
        this.endWithTarget(AutobeeError.is(error, 'CLOSED') ? error : targetClosed(error))
        return
      }
      contact.peer = { address, kind: way.kind, publicKey, isInitiator, stream }
      if (way.channel && this.#settings.upgrade) this.#upgrade(contact)
    }
    this.addPeer(contact.peer)
  }

  #upgrade(contact: Contact): void {
    const { upgrade } = this.#settings
    const { stream, isInitiator, publicKey } = contact.session
    const { origin } = contact
    const onchannel = (bytes: Duplex): void => {
      const way = { kind: upgrade?.kind ?? '', channel: null, publicKey }
      if (this.isClosing) bytes.destroy()
      else this.#meet(bytes, { isInitiator, way, origin })
    }
    try {
      const onfail = (error: AutobeeError): void => this.fail(error)
      contact.upgrade = upgrade?.start({ stream, isInitiator, onchannel, onfail }) ?? null
    } catch (error) {
      this.fail(
        new AutobeeError('TRANSPORT_FAILED', 'the upgrade does not start', {
          reason: 'UPGRADE',
          cause: error
        })
      )
    }
  }

  #onclose(contact: Contact, error: Error | null): void {
    const { origin, session } = contact
    this.#contacts.delete(contact)
    contact.release()
    if (contact.peer) origin.dialer.lasted(this.#settings.environment.now() - contact.startedAt)
    const origins = session.isOpen ? this.#circle.remove(contact) : []
    if (this.isClosing) return
    const failed = this.#failureOf(contact, error)
    if (failed) this.fail(failed)
    for (const { dialer, topic } of [...origins, ...this.#again(contact, failed)]) dialer.rejoin(topic)
  }

  #failureOf(contact: Contact, error: Error | null): AutobeeError | null {
    const { endedBy, address, way } = contact
    if (way.channel?.resetBy === 'REFUSED')
      return new AutobeeError('TRANSPORT_FAILED', `${address} does not talk to this peer`, {
        reason: 'REFUSED'
      })
    // of the relay that is gone its dialer tells
    if (!error || way.channel?.isLost || (endedBy !== null && endedBy !== 'FAILED')) return null
    return failure(`the connection with ${address} failed`, error)
  }

  /** Where to look for its peer once more: who left comes again by itself, if it does; who was lost is looked for. */
  #again(contact: Contact, failed: AutobeeError | null): Origin[] {
    const { endedBy, way, session, origin } = contact
    if (endedBy === 'DUPLICATE' && session.isOpen) this.#circle.remember(contact)
    return failed && way.channel && endedBy !== 'REFUSED' && endedBy !== 'DUPLICATE' ? [origin] : []
  }
}
