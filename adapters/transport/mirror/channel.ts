import b4a from 'b4a'
import type Protomux from 'protomux'
import { AutobeeError } from '../../../src/index.ts'
import { Tokens } from '../../../src/tokens.ts'
import type { MirroredCore } from './core.ts'
import type { MirroredDatabase } from './database.ts'
import type { MirrorHost, Refused } from './host.ts'
import { type Held, type MirrorMessage, MOST_KEYS } from './messages.ts'
import { MirrorWire } from './wire.ts'

/** Messages that a peer may send at once, and per second in the long run. One that sends more is closed on. */
const BURST = 64
const RATE = 16
/** ms; what changed in between goes in one message. */
const PAUSE = 20

/** What one peer is told of one database. */
interface Watch {
  readonly database: MirroredDatabase
  /** Those that this peer has named: it learns nothing of others. */
  readonly cores: Set<MirroredCore>
  readonly news: Set<MirroredCore>
  isFull: boolean
}

/** An authorised peer, at the mirror. */
export class MirrorChannel {
  readonly #host: MirrorHost
  readonly #muxer: Protomux
  readonly #asker: Uint8Array
  readonly #wire: MirrorWire
  readonly #watched = new Map<string, Watch>()
  readonly #requests = new Tokens({ burst: BURST, rate: RATE })
  #pause: ReturnType<typeof setTimeout> | null = null
  /** Answers that were written while the other side did not read. */
  #unread = 0
  /** Once. */
  onclose: () => void = () => {}

  constructor(host: MirrorHost, { muxer, asker }: { muxer: Protomux; asker: Uint8Array }) {
    this.#host = host
    this.#muxer = muxer
    this.#asker = asker
    const { quota, maxCores } = host.limits
    this.#wire = new MirrorWire(muxer, {
      limits: { quota, cores: maxCores },
      handlers: {
        onopen: () => {},
        onmessage: message => this.#onmessage(message),
        ondrain: () => this.#flush(),
        onclose: () => {
          if (this.#pause) clearTimeout(this.#pause)
          this.#watched.clear()
          this.onclose()
        }
      }
    })
  }

  get isClosed(): boolean {
    return this.#wire.isClosed
  }

  close(): void {
    this.#wire.close()
  }

  onheld(database: MirroredDatabase, core: MirroredCore): void {
    const watch = this.#watched.get(database.id)
    if (!watch?.cores.has(core)) return
    watch.news.add(core)
    this.#soon()
  }

  onfull(database: MirroredDatabase, core: MirroredCore): void {
    const watch = this.#watched.get(database.id)
    if (!watch?.cores.has(core)) return
    watch.isFull = true
    this.#soon()
  }

  /** By whoever runs the mirror. */
  onforgotten(database: MirroredDatabase): void {
    if (this.#watched.get(database.id)?.database !== database) return
    this.#watched.delete(database.id)
    this.#refuse(database.key, { reason: 'UNKNOWN', limit: 0, used: 0, wanted: 0 })
  }

  #onmessage(message: MirrorMessage): void {
    if (!this.#requests.takeIfAny() || (message.type !== 'mirror' && message.type !== 'unmirror')) {
      this.#wire.break()
      return
    }
    const { database } = message
    const answer = message.type === 'mirror' ? this.#mirror(message) : this.#unmirror(database)
    answer.catch(error => {
      if (AutobeeError.is(error, 'CLOSED')) return
      this.#host.fail(error)
      this.#refuse(database, { reason: 'FAILED', limit: 0, used: 0, wanted: 0 })
    })
  }

  async #mirror(message: MirrorMessage & { type: 'mirror' }): Promise<void> {
    const answer = await this.#host.mirror(this.#asker, message)
    if (this.isClosed) return
    if ('reason' in answer) {
      this.#refuse(message.database, answer)
      return
    }
    const { database, cores } = answer
    const known = this.#watched.get(database.id)
    // another one: it was forgotten in between
    const watch: Watch =
      known?.database === database ? known : { database, cores: new Set(), news: new Set(), isFull: false }
    this.#watched.set(database.id, watch)
    for (const core of cores) {
      watch.cores.add(core)
      // it has named the key: so it may be asked for the core, which its store might open for nobody else
      core.attach(this.#muxer).catch(error => this.#host.fail(error))
    }
    const named = new Set(message.keys.map(key => b4a.toString(key, 'hex')))
    const asked = cores.filter(({ id }) => named.has(id))
    if (this.#wire.isDrained) this.#tell(database.key, asked)
    // who does not read is answered once for each core, when it does
    else for (const core of asked) watch.news.add(core)
    const full = [...watch.cores].find(core => database.exceeds(core))
    if (full) this.onfull(database, full)
  }

  async #unmirror(key: Uint8Array): Promise<void> {
    const answer = await this.#host.unmirror(this.#asker, key)
    if (typeof answer !== 'boolean') {
      this.#refuse(key, answer)
      return
    }
    this.#watched.delete(b4a.toString(key, 'hex'))
    this.#answer({ type: 'forgotten', database: key, isFreed: answer })
  }

  #refuse(database: Uint8Array, refused: Refused): void {
    this.#host.refuse(this.#asker, { id: b4a.toString(database, 'hex'), reason: refused.reason })
    this.#answer({ type: 'refused', database, ...refused })
  }

  /** It may ask on and on without reading: then it asks no more. */
  #answer(message: MirrorMessage): void {
    this.#unread = this.#wire.isDrained ? 0 : this.#unread + 1
    if (this.#unread > BURST) this.#wire.break()
    else this.#wire.send(message)
  }

  #soon(): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = null
      this.#flush()
    }, PAUSE)
  }

  /** Not while the stream is full: what is new waits here, once for each core. */
  #flush(): void {
    for (const [id, watch] of this.#watched) {
      if (!this.#wire.isDrained) return
      const { database } = watch
      if (this.#host.find(id) !== database) {
        this.#watched.delete(id)
        continue
      }
      const news = [...watch.news]
      watch.news.clear()
      if (news.length > 0) this.#tell(database.key, news)
      if (!watch.isFull) continue
      watch.isFull = false
      const { quota } = this.#host.limits
      this.#refuse(database.key, {
        reason: 'FULL',
        limit: quota,
        used: database.bytes,
        wanted: database.wanted
      })
    }
  }

  #tell(database: Uint8Array, cores: readonly MirroredCore[]): void {
    const heads: Held[] = cores.map(({ key, held }) => ({ key, length: held }))
    // also when there is none: an answer is owed
    for (let i = 0; i === 0 || i < heads.length; i += MOST_KEYS)
      this.#wire.send({ type: 'held', database, heads: heads.slice(i, i + MOST_KEYS) })
  }
}
