import crypto from 'hypercore-crypto'
import { toAutobeeError } from '../../src/errors.ts'
import { AutobeeError, type AutobeeEvents, type HyperbeeView } from '../../src/index.ts'
import { hexOf } from '../../src/keys.ts'
import { browserEnvironment } from '../storage/indexeddb/environment.ts'
import { PageLife } from '../storage/indexeddb/page-life.ts'
import type { KeyValueAdapter } from '../storage/key-value.ts'
import { closedError, fromWire } from './errors.ts'
import { Guest } from './guest.ts'
import { type Address, channelLine, type Line, localLine } from './line.ts'
import {
  type Announcement,
  type Answer,
  commonName,
  type DatabaseState,
  inboxName,
  otherBuild,
  outboxName,
  PROTOCOL,
  type Question,
  readAnnouncements,
  readAnswers,
  strangerOf,
  versionOf
} from './messages.ts'
import { Mirror } from './mirror.ts'
import type { SharedSettings } from './options.ts'
import { Reception } from './reception.ts'
import { Requests } from './requests.ts'
import { Tenure } from './tenure.ts'

/** `none`: nobody serves this tab at the moment. */
export type TabRole = 'owner' | 'follower' | 'none'

/** Every event of a SharedAutobee: those of an Autobee, and its own. */
export interface SharedAutobeeEvents extends AutobeeEvents {
  /** This tab has become the owner of the store, a follower of another tab, or neither for the moment. */
  role: [role: TabRole]
  /** What the owner's `calls` or `connect` gave to `db.tell`; once more when this tab slept, or found another owner. */
  told: [value: unknown]
}

export interface TabOptions<View> {
  readonly adapter: KeyValueAdapter
  readonly settings: SharedSettings<View>
  emit<K extends keyof SharedAutobeeEvents>(event: K, ...args: SharedAutobeeEvents[K]): void
  openView(bee: HyperbeeView): View
}

type State =
  | { readonly state: 'opening' | 'open' | 'closing' | 'closed' }
  | { readonly state: 'failed'; readonly error: AutobeeError }

/** Whom this tab asks. */
interface Link extends Address {
  readonly line: Line<Question>
  /** Messages that were not asked for, since it was told that they came. */
  unsaid: number
}

/** Messages after which an owner is told that they came. */
const SAY_AFTER = 64
/** Openings in a row that may lose the store to the browser, before that is an error. */
const MOST_LOSSES = 3

/**
 * One tab among those that share a database. It waits for the store, and is its owner when it gets it; until then it asks
 * whoever is. Invariants:
 * 1. Who owns the store, the store decides: its epoch. Nobody answers, and nobody is asked, under an epoch that is over.
 * 2. What was asked and not answered is asked again of the next owner, in the same order; appends by their numbers.
 * 3. The owner's own tab asks as all others do.
 */
export class Tab<View> {
  readonly requests = new Requests()
  readonly mirror: Mirror<View>
  readonly #o: TabOptions<View>
  readonly #client = hexOf(crypto.randomBytes(16))
  readonly #common: BroadcastChannel
  readonly #inbox: BroadcastChannel
  readonly #outbox: BroadcastChannel
  readonly #life: PageLife
  readonly #abort = new AbortController()
  readonly #ready: Promise<void>
  #opened: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  #state: State = { state: 'opening' }
  /** That of the latest owner that was heard of. */
  #epoch = 0
  #link: Link | null = null
  #tenure: Tenure<View> | null = null
  #reception: Reception | null = null
  #role: TabRole = 'none'
  #reigning: Promise<void> = Promise.resolve()

  constructor(options: TabOptions<View>) {
    this.#o = options
    if (typeof BroadcastChannel === 'undefined') {
      throw new AutobeeError('UNSUPPORTED_RUNTIME', 'tabs need the BroadcastChannel of a page or worker')
    }
    const { adapter, settings, emit, openView } = options
    this.#ready = new Promise((resolve, reject) => {
      this.#opened = { resolve, reject }
    })
    this.#ready.catch(noop)
    this.mirror = new Mirror<View>({
      user: settings.user,
      openView,
      onerror: error => emit('error', error),
      read: index => this.requests.read(index)
    })
    this.#common = new BroadcastChannel(commonName(adapter.name))
    this.#inbox = new BroadcastChannel(inboxName(adapter.name, this.#client))
    this.#outbox = new BroadcastChannel(outboxName(adapter.name, this.#client))
    this.#common.onmessage = ({ data }) => this.#heard(data)
    this.#inbox.onmessage = ({ data }) => this.#answered(data)
    this.#life = new PageLife(browserEnvironment())
    this.#life.listen({
      onLeave: () => {
        if (this.#role === 'follower') this.say({ type: 'asleep' })
      },
      onReturn: () => this.#hello()
    })
    this.#hello()
    this.#reigning = this.#reign()
  }

  get role(): TabRole {
    return this.#role
  }

  get state(): State['state'] {
    return this.#state.state
  }

  /** Why nothing can be asked for any more. */
  get refusal(): AutobeeError | null {
    const { state } = this.#state
    if (this.#state.state === 'failed') return this.#state.error
    return state === 'closing' || state === 'closed' ? closedError() : null
  }

  ready(): Promise<void> {
    return this.#ready
  }

  /** Not to be asked for an answer. */
  say(question: Question): void {
    this.#link?.line.send(question)
  }

  async close(): Promise<void> {
    const wasOpen = this.#state.state === 'open'
    if (this.#state.state === 'opening') this.#opened.reject(closedError())
    this.#state = { state: 'closing' }
    if (wasOpen) await this.requests.settle(closedError())
    await this.mirror.close()
    await this.#leave()
    this.requests.end(closedError())
    this.#state = { state: 'closed' }
  }

  /** Waits for the store, again and again, and is the owner while it has it. */
  async #reign(): Promise<void> {
    const { adapter, settings } = this.#o
    const { signal } = this.#abort
    let losses = 0
    while (!signal.aborted) {
      try {
        const tenure = await Tenure.open<View>({ adapter, settings, known: () => this.#known(), signal })
        losses = 0
        await this.#serve(tenure)
      } catch (error) {
        if (signal.aborted) return
        if (AutobeeError.is(error, 'STORE_LOCKED')) continue
        const isLost = AutobeeError.is(error, 'STORE_CLOSED') && error.reason === 'LOST'
        if (isLost && ++losses < MOST_LOSSES) continue
        return void this.#fail(error as AutobeeError)
      }
    }
  }

  /** @throws AutobeeError when the store is gone for good */
  async #serve(tenure: Tenure<View>): Promise<void> {
    const { adapter, settings, emit } = this.#o
    const address = { epoch: tenure.epoch, owner: this.#client }
    this.#tenure = tenure
    if (this.#abort.signal.aborted) tenure.finish()
    else if (tenure.epoch < this.#epoch) tenure.lose()
    else {
      this.#epoch = tenure.epoch
      this.#reception = new Reception({
        name: adapter.name,
        host: tenure.host,
        address,
        given: { ...settings.given, key: tenure.key },
        onerror: error => emit('error', error)
      })
      tenure.host.admit(this.#client, () => {
        const line = localLine<Answer>(answers => this.#take(answers, address))
        return new Guest(this.#client, { line })
      })
      this.#announce({ type: 'owner', ...address })
      tenure.connect()
    }
    const why = await tenure.over
    this.#reception = null
    if (why) this.#unlink(address)
    await tenure.end()
    this.#unlink(address)
    this.#tenure = null
    this.#announce({ type: 'free', ...address })
    if (why?.reason === 'DELETED') throw why
  }

  #known(): { key: string; store: string } | null {
    const { state } = this.mirror
    return state && { key: hexOf(state.key), store: state.store }
  }

  async #leave(): Promise<void> {
    this.#abort.abort()
    this.#life.stop()
    const link = this.#link
    if (this.#tenure) this.#tenure.finish()
    else link?.line.send({ type: 'bye' })
    link?.line.close()
    await this.#reigning
    this.#link = null
    this.#setRole('none')
    this.#common.close()
    this.#inbox.close()
    this.#outbox.close()
  }

  #fail(error: AutobeeError): void {
    const { state } = this.#state
    if (state === 'failed' || state === 'closing' || state === 'closed') return
    this.#state = { state: 'failed', error }
    this.requests.end(error)
    if (state === 'opening') this.#opened.reject(error)
    else this.#o.emit('error', error)
    this.#link?.line.send({ type: 'bye' })
    this.#link = null
    this.#setRole('none')
    this.#abort.abort()
    this.#tenure?.finish()
  }

  #hello(): void {
    const { given } = this.#o.settings
    if (this.#state.state !== 'failed') this.#announce({ type: 'hello', client: this.#client, ...given })
  }

  #announce(message: Announcement): void {
    this.#common.postMessage({ autobee: PROTOCOL, epoch: 0, owner: '', messages: [message] })
  }

  #heard(data: unknown): void {
    if (this.#state.state === 'failed') return
    const version = versionOf(data)
    if (version !== null && version !== PROTOCOL) {
      this.#heardStranger(data, version)
      return
    }
    for (const message of this.#read(data, readAnnouncements)?.messages ?? []) {
      if (message.type === 'hello') this.#reception?.admit(message)
      else if (message.type === 'free') this.#unlink(message)
      else if (message.epoch > this.#epoch) {
        this.#epoch = message.epoch
        // this one's writes are refused by now
        this.#tenure?.lose()
        if (this.#link) this.#unlink(this.#link)
        this.#hello()
      }
    }
  }

  /** Of another build only its owners matter, and who wants to be served. */
  #heardStranger(data: unknown, version: number): void {
    const { isOwner, client } = strangerOf(data)
    if (client !== null) this.#reception?.refuse(client, otherBuild(version))
    if (!isOwner) return
    this.#strange(otherBuild(version))
    // whether the store is still this one's, its commits find out
    if (this.#link && !this.#tenure) this.#unlink(this.#link)
    this.#hello()
  }

  #strange(error: AutobeeError): void {
    if (this.#state.state === 'opening' && error.code === 'UPGRADE_REQUIRED') this.#fail(error)
    else this.#o.emit('error', error)
  }

  #read<P>(data: unknown, read: (data: unknown) => P): P | null {
    try {
      return read(data)
    } catch (error) {
      this.#strange(error as AutobeeError)
      return null
    }
  }

  #answered(data: unknown): void {
    if (this.#state.state === 'failed' || this.#state.state === 'closed') return
    const packet = this.#read(data, readAnswers)
    if (packet) this.#take(packet.messages, packet)
  }

  /** What an owner says; nothing of one whose time is over counts. */
  #take(answers: readonly Answer[], { epoch, owner }: Address): void {
    for (const answer of answers) {
      if (this.#state.state === 'failed' || this.#state.state === 'closed' || epoch < this.#epoch) return
      if (answer.type === 'welcome') this.#welcome(answer, { epoch, owner })
      else if (answer.type === 'refused') this.#fail(fromWire(answer.error) as AutobeeError)
      else if (this.#link?.epoch !== epoch || this.#link.owner !== owner) return
      else if (!this.requests.take(answer)) this.#tell(answer)
    }
  }

  #welcome(answer: Extract<Answer, { type: 'welcome' }>, address: Address): void {
    const { emit } = this.#o
    const before = this.mirror.state
    try {
      this.mirror.take(answer)
    } catch (error) {
      this.#fail(toAutobeeError(error, { code: 'APPLY_FAILED', message: 'open(bee) threw' }))
      return
    }
    if (this.#link?.epoch !== address.epoch) this.#attach(address)
    const { writable, orderLength, view } = this.mirror.state as DatabaseState
    if (this.#state.state === 'opening') {
      this.#state = { state: 'open' }
      this.#opened.resolve()
      emit('ready')
      if (writable) emit('writable')
    } else if (before) {
      // what the owner before could not tell any more, or this tab did not hear
      if (writable !== before.writable) emit(writable ? 'writable' : 'unwritable')
      if (view.head !== before.view.head || orderLength !== before.orderLength) emit('update')
    }
    this.#setRole(address.owner === this.#client ? 'owner' : 'follower')
    if (answer.told) emit('told', answer.told.value)
  }

  #tell(answer: Answer): void {
    const { emit } = this.#o
    const link = this.#link as Link
    if (++link.unsaid >= SAY_AFTER) {
      link.line.send({ type: 'heard', count: link.unsaid })
      link.unsaid = 0
    }
    if (answer.type === 'told') emit('told', answer.value)
    if (answer.type === 'error') emit('error', fromWire(answer.error) as AutobeeError)
    if (answer.type !== 'event') return
    this.mirror.take(answer)
    emit(answer.name as 'update', ...(answer.args as []))
  }

  #attach(address: Address): void {
    this.#epoch = address.epoch
    const { mirror } = this
    const tenure = this.#tenure
    const line =
      tenure && address.owner === this.#client
        ? localLine<Question>(questions => {
            for (const question of questions) tenure.host.ask(this.#client, question)
          })
        : channelLine<Question>(this.#outbox, address)
    this.#link = { ...address, line, unsaid: 0 }
    this.requests.attach({
      send: question => line.send(question),
      get tick() {
        return mirror.state?.tick ?? 0
      }
    })
  }

  /** That owner answers no more. */
  #unlink({ epoch, owner }: Address): void {
    if (this.#link?.epoch !== epoch || this.#link.owner !== owner) return
    this.#link.line.close()
    this.#link = null
    this.requests.detach()
    this.#setRole('none')
  }

  #setRole(role: TabRole): void {
    if (role === this.#role) return
    this.#role = role
    this.#o.emit('role', role)
  }
}

function noop(): void {}
