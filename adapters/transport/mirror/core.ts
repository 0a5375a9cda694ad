import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { AutobeeError } from '../../../src/index.ts'
import { closeCore, deleteCore, ignoreConflicts, limitSignatures, setUpgrades } from './core-internals.ts'

/** Bytes of signers, links and user data that a manifest may have: they count for no quota. 100 signers have fewer. */
const MOST_MANIFEST = 16_384
/** Bytes of a signature, by all of its signers; likewise. */
const MOST_SIGNATURE = 32_768

export interface CoreHandlers {
  /** Is there more of it than the database may have? */
  isFull(): boolean
  /** Its signed length is another: there is more to download. */
  ongrown(): void
  /** Blocks came. */
  onheld(): void
  /** Its writer signed two versions; the one that is here stays, and no more is taken. */
  onconflict(): void
  /** It is deleted: it is not what a mirror can keep within its quota. */
  ondropped(error: AutobeeError): void
  onfailed(error: unknown): void
}

/** One core that is mirrored, for one database or several. */
export class MirroredCore {
  readonly key: Uint8Array
  readonly id: string
  readonly discoveryKey: Uint8Array
  readonly #store: Corestore
  #session: Hypercore
  /** That it replicates over, and who listens for their end. */
  readonly #muxers = new Map<Protomux, () => void>()
  readonly #handlers = new Set<CoreHandlers>()
  #wanted = 0
  /** Of the blocks that are wanted, while some are missing. */
  #range: Hypercore.Download | null = null
  readonly #came = new Came()
  #isClosed = false
  #isConflicted = false
  #deleting: Promise<void> | null = null
  #heads = { length: 0, byteLength: 0, held: 0 }

  /** Opens at once; await {@link ready}. */
  constructor(store: Corestore, key: Uint8Array) {
    this.key = key
    this.id = b4a.toString(key, 'hex')
    this.discoveryKey = crypto.discoveryKey(key)
    this.#store = store
    this.#session = this.#open()
  }

  /** Blocks, as its writer signed. */
  get length(): number {
    return this.#heads.length
  }

  /** Of these. */
  get byteLength(): number {
    return this.#heads.byteLength
  }

  /** Blocks that are here, from the first one on without a gap. */
  get held(): number {
    return this.#heads.held
  }

  async ready(): Promise<void> {
    await this.#session.ready()
    this.#look()
  }

  /** Once for each database that it belongs to. */
  use(handlers: CoreHandlers): void {
    this.#handlers.add(handlers)
    if (!this.#isConflicted && !this.#isClosed) setUpgrades(this.#session, true)
  }

  leave(handlers: CoreHandlers): void {
    this.#handlers.delete(handlers)
  }

  /** Downloads the first `length` blocks, from whoever has them. */
  want(length: number): void {
    if (length <= this.#wanted || this.#isConflicted || this.#isClosed) return
    // one at a time: growth whose blocks nobody has yet must not pile them up
    const start = this.#range ? this.held : Math.max(this.#wanted, this.held)
    this.#range?.destroy()
    const range = this.#session.download({ start, end: length })
    this.#range = range
    this.#wanted = length
    range.done().then(
      () => {
        if (this.#range !== range) return
        this.#range = null
        this.#tell('onheld')
      },
      // the core was closed
      () => {}
    )
  }

  /** A database may have no more of it. When none may, what it grows by is not even noted. */
  stop(): void {
    if (this.#isConflicted || this.#isClosed) return
    setUpgrades(this.#session, ![...this.#handlers].every(handlers => handlers.isFull()))
  }

  /** All blocks that are here: how many, and their bytes. */
  async stored(): Promise<{ blocks: number; bytes: number }> {
    let [blocks, bytes] = [0, 0]
    for (let i = 0; i < this.length; i++) {
      const block = await this.#session.get(i, { wait: false, raw: true })
      if (!block) continue
      blocks++
      bytes += block.byteLength
    }
    return { blocks, bytes }
  }

  /** Replicates over a stream whose other side knows the core: it has said its discovery key. */
  async attach(muxer: Protomux): Promise<void> {
    if (this.#muxers.has(muxer)) return
    await this.#session.ready()
    if (this.#muxers.has(muxer) || this.#isClosed || muxer.stream.destroyed) return
    const onclose = (): void => {
      this.#muxers.delete(muxer)
    }
    this.#muxers.set(muxer, onclose)
    muxer.stream.once('close', onclose)
    if (!this.#session.closing) this.#session.replicate(muxer)
  }

  close(): Promise<void> {
    this.#end()
    return closeCore(this.#session)
  }

  /** Closes it and frees its storage; idempotent. @throws AutobeeError `NOT_SUPPORTED` */
  delete(): Promise<void> {
    this.#end()
    this.#deleting ??= deleteCore(this.#store, this.#session)
    return this.#deleting
  }

  /** A connection may outlive many cores: it must not keep them. */
  #end(): void {
    this.#isClosed = true
    for (const [muxer, onclose] of this.#muxers) muxer.stream.off('close', onclose)
    this.#muxers.clear()
  }

  #open(): Hypercore {
    // what a mirror has it keeps, as every Autobee does: a writer's second version replaces nothing
    const session = this.#store.get({ key: this.key, allowFork: false, active: !this.#isConflicted })
    // before it replicates
    session.once('ready', () => limitSignatures(session, MOST_SIGNATURE))
    session.on('append', () => {
      this.#tell('ongrown')
      // those told first looked at what the others had room for before
      this.stop()
    })
    session.on('download', (index, bytes) => this.#ondownload(index, bytes))
    session.on('manifest', () => this.#checkManifest())
    session.on('conflict', () => {
      if (this.#isConflicted) return
      this.#isConflicted = true
      this.#tell('onconflict')
      this.#reopen().catch(error => this.#tell('onfailed', error))
    })
    return session
  }

  #checkManifest(): void {
    const { manifest } = this.#session
    const { signers = [], linked, userData } = manifest ?? {}
    const bytes = signers.length * 64 + (linked?.length ?? 0) * 32 + (userData?.byteLength ?? 0)
    if (bytes > MOST_MANIFEST) this.#drop(`its manifest has more than ${MOST_MANIFEST} bytes`)
  }

  /** Hypercore takes a writer's word for the sizes of what is in a tree, and so the quota would. */
  #ondownload(index: number, bytes: number): void {
    if (this.#isClosed) return
    if (this.#came.add(index, bytes) > this.#session.byteLength)
      this.#drop('its blocks have more bytes than its writer signed')
    else this.#tell('onheld')
  }

  #drop(why: string): void {
    this.delete().then(
      () => {
        this.#heads = { length: 0, byteLength: 0, held: 0 }
        const error = new AutobeeError('ENTRY_TOO_LARGE', `the core ${this.id} is not kept: ${why}`)
        for (const handlers of this.#handlers) handlers.ondropped(error)
      },
      error => this.#tell('onfailed', error)
    )
  }

  /** A conflict closes a core. It is opened again only to be given away: it asks for nothing, and so is told no second version. */
  async #reopen(): Promise<void> {
    await closeCore(this.#session)
    if (this.#isClosed) return
    this.#session = this.#open()
    await this.#session.ready()
    ignoreConflicts(this.#session)
    setUpgrades(this.#session, false)
    for (const muxer of this.#muxers.keys()) if (!this.#session.closing) this.#session.replicate(muxer)
  }

  #look(): void {
    const { length, byteLength, contiguousLength } = this.#session
    this.#heads = { length, byteLength, held: contiguousLength }
  }

  #tell(what: 'ongrown' | 'onheld' | 'onconflict'): void
  #tell(what: 'onfailed', error: unknown): void
  #tell(what: Exclude<keyof CoreHandlers, 'isFull' | 'ondropped'>, error?: unknown): void {
    // a core that was closed by a conflict says nothing of its length any more
    if (this.#session.opened && !this.#session.closing && !this.#isClosed) this.#look()
    for (const handlers of this.#handlers) {
      if (what === 'onfailed') handlers.onfailed(error)
      else handlers[what]()
    }
  }
}

/** Bytes of the blocks that came, each counted once: two peers may send the same one. */
class Came {
  /** A bit for each block. */
  #seen = new Uint8Array(16)
  #bytes = 0

  add(index: number, bytes: number): number {
    const at = Math.floor(index / 8)
    if (at >= this.#seen.length) {
      const seen = new Uint8Array(Math.max(at + 1, this.#seen.length * 2))
      seen.set(this.#seen)
      this.#seen = seen
    }
    const bit = 1 << (index % 8)
    const before = this.#seen[at] ?? 0
    if ((before & bit) === 0) this.#bytes += bytes
    this.#seen[at] = before | bit
    return this.#bytes
  }
}
