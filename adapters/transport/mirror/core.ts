import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type Protomux from 'protomux'
import { closeCore, deleteCore } from './core-internals.ts'

export interface CoreHandlers {
  /** Its signed length is another: there is more to download. */
  ongrown(): void
  /** Blocks came. */
  onheld(): void
  /** Its writer signed two versions; the one that is here stays, and no more is taken. */
  onconflict(): void
}

/** One core that is mirrored, for one database or several. */
export class MirroredCore {
  readonly key: Uint8Array
  readonly id: string
  readonly discoveryKey: Uint8Array
  readonly #store: Corestore
  readonly #session: Hypercore
  readonly #muxers = new WeakSet<Protomux>()
  readonly #handlers = new Set<CoreHandlers>()
  #wanted = 0
  #heads = { length: 0, byteLength: 0, held: 0 }

  /** Opens at once; await {@link ready}. */
  constructor(store: Corestore, key: Uint8Array) {
    this.key = key
    this.id = b4a.toString(key, 'hex')
    this.discoveryKey = crypto.discoveryKey(key)
    this.#store = store
    // what a mirror has it keeps, as every Autobee does: a writer's second version replaces nothing
    this.#session = store.get({ key, allowFork: false })
    this.#session.on('append', () => this.#tell('ongrown'))
    this.#session.on('download', () => this.#tell('onheld'))
    this.#session.on('conflict', () => this.#tell('onconflict'))
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

  get isShared(): boolean {
    return this.#handlers.size > 0
  }

  async ready(): Promise<void> {
    await this.#session.ready()
    this.#look()
  }

  /** Once for each database that it belongs to. */
  use(handlers: CoreHandlers): void {
    this.#handlers.add(handlers)
  }

  leave(handlers: CoreHandlers): void {
    this.#handlers.delete(handlers)
  }

  /** Downloads the first `length` blocks, from whoever has them. */
  want(length: number): void {
    if (length <= this.#wanted) return
    const range = this.#session.download({ start: Math.max(this.#wanted, this.held), end: length })
    this.#wanted = length
    range.done().then(
      () => this.#tell('onheld'),
      // the core was closed
      () => {}
    )
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
    if (this.#muxers.has(muxer) || this.#session.closing || muxer.stream.destroyed) return
    this.#muxers.add(muxer)
    this.#session.replicate(muxer)
  }

  close(): Promise<void> {
    return closeCore(this.#session)
  }

  /** Closes it and frees its storage. @throws AutobeeError `NOT_SUPPORTED` */
  delete(): Promise<void> {
    return deleteCore(this.#store, this.#session)
  }

  #look(): void {
    const { length, byteLength, contiguousLength } = this.#session
    this.#heads = { length, byteLength, held: contiguousLength }
  }

  #tell(what: keyof CoreHandlers): void {
    // a core that was closed by a conflict says nothing of its length any more
    if (this.#session.opened && !this.#session.closing) this.#look()
    for (const handlers of this.#handlers) handlers[what]()
  }
}
