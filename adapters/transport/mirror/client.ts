import b4a from 'b4a'
import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import { tell, typedEmitter } from '../../../src/events.ts'
import { Autobee, AutobeeError } from '../../../src/index.ts'
import { Backoff } from '../backoff.ts'
import type { RelayState } from '../handle.ts'
import type { RelayHandle } from '../relay/client/options.ts'
import { connectRelay } from '../websocket.ts'
import { Asker, type Progress, type Refusal } from './asker.ts'
import type { Held } from './messages.ts'
import type { MirrorToSettings } from './options.ts'

/**
 * `connecting`: looks for the mirror. `storing`: the mirror has less than this peer. `stored`: it has the same. `refused`: it
 * does not take all, or does not talk to this peer (who asks again, in pauses). `closed`: for good.
 */
export type MirrorToStatus = 'connecting' | 'storing' | 'stored' | 'refused' | 'closed'

/** All repeat. Nobody need listen to any of them. */
export interface MirrorToEvents {
  status: [MirrorToStatus]
  /** The mirror has more. */
  progress: [Progress]
  /** With the numbers; `NOT_ALLOWED`: the mirror does not take anything from this peer (`publicKey` of this handle). */
  refused: [Refusal | { readonly reason: 'NOT_ALLOWED' }]
  relay: [RelayState]
  /**
   * `TRANSPORT_FAILED`: as of `connectRelay`; the handle goes on. `STORE_FAILED`: what is here could not be looked at.
   * `CLOSED`: what is mirrored is closed, and so is the handle.
   */
  error: [AutobeeError]
}

/** What {@link mirrorTo} gives. */
export interface MirrorToHandle {
  readonly status: MirrorToStatus
  readonly progress: Progress
  /** By which the mirror knows this peer, 32 bytes: it must be on the mirror's list. null until the store is open. */
  readonly publicKey: Uint8Array | null
  readonly relays: readonly RelayState[]
  /**
   * Resolves when the mirror says that it has everything that this peer has now.
   * @throws AutobeeError `TRANSPORT_FAILED` when it refuses (`reason`: `FULL`, `CORES`, `DATABASES`, `FOREIGN`, `FAILED` or
   *   `NOT_ALLOWED`), `CLOSED` when the handle or what is mirrored is closed first
   */
  stored(): Promise<void>
  /**
   * Asks the mirror to forget the database, and closes the handle. Resolves to whether the storage was freed: false when another
   * peer wants the database, or this one had not asked for it.
   * @throws AutobeeError as {@link stored}
   */
  unmirror(): Promise<boolean>
  on<K extends keyof MirrorToEvents>(event: K, listener: (...args: MirrorToEvents[K]) => void): this
  once<K extends keyof MirrorToEvents>(event: K, listener: (...args: MirrorToEvents[K]) => void): this
  off<K extends keyof MirrorToEvents>(event: K, listener: (...args: MirrorToEvents[K]) => void): this
  /** The mirror goes on, with what others tell it. Idempotent; what is mirrored stays open. */
  close(): Promise<void>
}

const NONE: Progress = { cores: 0, storedCores: 0, blocks: 0, storedBlocks: 0 }

export class MirrorClient extends typedEmitter<MirrorToEvents>() implements MirrorToHandle {
  readonly #target: Autobee<unknown> | Corestore
  readonly #settings: MirrorToSettings
  readonly #relay: RelayHandle
  readonly #sessions: readonly Hypercore[]
  readonly #backoff: Backoff
  readonly #changed = (): void => this.#asker?.changed()
  /** Once the key of the database is known. */
  readonly #started: Promise<Asker>
  #asker: Asker | null = null
  #status: MirrorToStatus = 'connecting'
  #isAllowed = true
  #knock: ReturnType<typeof setTimeout> | null = null
  #closing: Promise<void> | null = null

  constructor(target: Autobee<unknown> | Corestore, settings: MirrorToSettings) {
    super()
    this.#target = target
    this.#settings = settings
    this.#backoff = new Backoff(settings.retry)
    const { urls, mirror, connection, cores } = settings
    const relay = connectRelay(target, urls, { ...connection, topics: [mirror], allow: [mirror] })
    this.#relay = relay
    const store = Autobee.isAutobee(target) ? target.store : target
    // only looked at: nothing is downloaded on behalf of the mirror
    this.#sessions = cores.map(key => store.get({ key, active: false }))
    for (const session of this.#sessions) session.on('append', this.#changed).on('download', this.#changed)
    if (Autobee.isAutobee(target)) target.on('update', this.#changed).on('writer', this.#changed)
    relay.on('peer', ({ stream }) => this.#meet(stream))
    relay.on('relay', state => this.#tell('relay', state))
    relay.on('error', error => this.#onerror(error))
    relay.on('status', status => {
      if (status === 'closed') this.close()
    })
    this.#started = this.#start()
    this.#started.catch(() => {})
  }

  get status(): MirrorToStatus {
    return this.#status
  }

  get progress(): Progress {
    return this.#asker?.progress ?? NONE
  }

  get publicKey(): Uint8Array | null {
    return this.#relay.publicKey
  }

  get relays(): readonly RelayState[] {
    return this.#relay.relays
  }

  async stored(): Promise<void> {
    const asker = await this.#started
    if (!this.#isAllowed && !this.#closing) throw notAllowed()
    await asker.stored()
  }

  async unmirror(): Promise<boolean> {
    const asker = await this.#started
    if (!this.#isAllowed && !this.#closing) throw notAllowed()
    const isFreed = await asker.leave()
    await this.close()
    return isFreed
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #start(): Promise<Asker> {
    const target = this.#target
    if (Autobee.isAutobee(target)) {
      await target.ready().catch(error => {
        this.#tell('error', error)
        this.close()
        throw error
      })
    }
    if (this.#closing) throw closed()
    const key = Autobee.isAutobee(target) ? target.key : this.#settings.cores[0]
    const asker = new Asker({
      key: key as Uint8Array,
      heads: () => this.#heads(),
      onprogress: progress => this.#tell('progress', progress),
      onrefused: refusal => this.#tell('refused', refusal),
      onchange: () => this.#evaluate(),
      onerror: error => this.#tell('error', error)
    })
    this.#asker = asker
    for (const { stream } of this.#relay.peers) this.#meet(stream)
    return asker
  }

  async #heads(): Promise<Held[]> {
    const heads = new Map<string, Held>()
    const add = (head: Held) => heads.set(b4a.toString(head.key, 'hex'), head)
    for (const session of this.#sessions) {
      await session.ready().catch(error => {
        throw session.closing ? closed() : error
      })
      // a closed one says that it is empty, and everybody has all of that
      if (session.closing) throw closed()
      add({ key: session.key, length: session.contiguousLength })
    }
    if (Autobee.isAutobee(this.#target)) for (const head of this.#target.oplogs()) add(head)
    return [...heads.values()]
  }

  /** The first connection comes when the database is open, or waits until it is. */
  #meet(stream: Hypercore.ReplicationStream): void {
    this.#isAllowed = true
    this.#asker?.connect(Hypercore.getProtocolMuxer(stream))
    this.#evaluate()
  }

  #evaluate(): void {
    if (this.#closing) return
    const asker = this.#asker
    if (!this.#isAllowed || asker?.refusal) this.#setStatus('refused')
    else if (!asker?.isConnected) this.#setStatus('connecting')
    else this.#setStatus(asker.isStored ? 'stored' : 'storing')
  }

  #onerror(error: AutobeeError): void {
    // with the public key of the mirror pinned, nobody else can say that
    if (error.reason === 'REFUSED') this.#onnotallowed()
    else this.#tell('error', error)
  }

  #onnotallowed(): void {
    if (this.#closing) return
    this.#isAllowed = false
    this.#evaluate()
    this.#tell('refused', { reason: 'NOT_ALLOWED' })
    this.#asker?.reject(notAllowed())
    // somebody may put this peer on the list
    this.#knock ??= setTimeout(() => {
      this.#knock = null
      this.#relay.join(this.#settings.mirror)
    }, this.#backoff.next().delay)
  }

  #setStatus(status: MirrorToStatus): void {
    if (this.#status === status || this.#status === 'closed') return
    this.#status = status
    this.#tell('status', status)
  }

  async #close(): Promise<void> {
    // a listener that closes inside an event finds the handle closing
    await Promise.resolve()
    if (this.#knock) clearTimeout(this.#knock)
    if (Autobee.isAutobee(this.#target))
      this.#target.off('update', this.#changed).off('writer', this.#changed)
    this.#asker?.close()
    await this.#relay.close()
    await Promise.all(this.#sessions.map(session => session.close()))
    this.#setStatus('closed')
  }

  #tell<K extends keyof MirrorToEvents>(event: K, ...args: MirrorToEvents[K]): void {
    if (event !== 'error' || !this.#closing) tell<MirrorToEvents, K>(this, event, ...args)
  }
}

function notAllowed(): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', 'the mirror does not know the public key of this peer', {
    reason: 'NOT_ALLOWED'
  })
}

function closed(): AutobeeError {
  return new AutobeeError('CLOSED', 'this is mirrored no longer: the handle is closed')
}
