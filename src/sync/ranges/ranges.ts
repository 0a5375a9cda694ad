import type Hypercore from 'hypercore'
import type Protomux from 'protomux'
import { type DatabaseId, PROTOCOL } from './channel.ts'
import { Feed } from './feed.ts'
import type { RangeOplog, RangeStats } from './oplog.ts'
import { RangePeer } from './peer.ts'

/** Ranges of several messages that are fetched at once: each waits in memory until it is whole. */
const MOST_BUSY = 8

/** An open database's oplogs. */
export interface RangeOplogs {
  readonly localId: string
  readonly local: Hypercore
  isMember(id: string): boolean
  /** Those of others that are fetched to wherever they grow, now and from now on. */
  watch(watcher: OplogWatcher | null): void
}

export interface OplogWatcher {
  onfollow(oplog: RangeOplog): void
  /** It grew, blocks came, or it was frozen. */
  onchange(oplog: RangeOplog): void
  onforget(oplog: RangeOplog): void
}

export interface RangesOptions {
  readonly id: DatabaseId
  readonly stats: RangeStats
  /** Blocks are coming in. */
  onprogress(): void
}

/**
 * Members' oplogs in ranges instead of block by block: peers tell each other how much they have, and the one that lacks
 * something asks one of them for all of it. docs/FORMAT.md has the messages, src/sync/ranges/feed.ts decides.
 */
export class Ranges {
  readonly #o: RangesOptions
  /** By stream; channels that were closed and may be opened again are not here. */
  readonly #peers = new Map<Protomux, RangePeer>()
  readonly #muxers = new Set<Protomux>()
  readonly #feeds = new Map<string, Feed>()
  readonly #starved = new Set<Feed>()
  #oplogs: RangeOplogs | null = null
  #closed = false

  constructor(options: RangesOptions) {
    this.#o = options
  }

  /** The stream's handshake is over. */
  attach(muxer: Protomux): void {
    if (this.#closed || this.#muxers.has(muxer)) return
    this.#muxers.add(muxer)
    muxer.stream.once('close', () => this.#muxers.delete(muxer))
    // the other side may open its database later, or anew
    muxer.pair(this.#topic, () => this.#connect(muxer))
    this.#connect(muxer)
  }

  /** The database was opened, or opened anew. */
  follow(oplogs: RangeOplogs): void {
    this.pause()
    this.#oplogs = oplogs
    oplogs.local.on('append', () => {
      if (this.#oplogs === oplogs) this.#tell(oplogs.localId)
    })
    oplogs.watch({
      onfollow: oplog => this.#onfollow(oplog),
      onchange: oplog => this.#onchange(oplog),
      onforget: oplog => this.#onforget(oplog)
    })
    this.refresh()
  }

  /** Members may have come: everybody is told of what is new to him. */
  refresh(): void {
    for (const id of this.#ids()) this.#tell(id)
  }

  /** The oplogs are about to be closed. */
  pause(): void {
    this.#oplogs?.watch(null)
    this.#oplogs = null
    for (const feed of this.#feeds.values()) feed.close()
    this.#feeds.clear()
    this.#starved.clear()
  }

  close(): void {
    this.#closed = true
    this.pause()
    for (const muxer of this.#muxers) muxer.unpair(this.#topic)
    for (const peer of this.#peers.values()) peer.close()
  }

  get #topic(): Protomux.Topic {
    return { protocol: PROTOCOL, id: this.#o.id.discoveryKey }
  }

  #connect(muxer: Protomux): void {
    if (this.#closed || !this.#muxers.has(muxer) || this.#peers.has(muxer)) return
    const peer = new RangePeer(muxer, {
      id: this.#o.id,
      stats: this.#o.stats,
      ids: () => this.#ids(),
      find: id => this.#find(id),
      onnews: id => {
        for (const feed of id === null ? this.#feeds.values() : [this.#feeds.get(id)]) feed?.evaluate()
      },
      onclose: isBroken => {
        this.#peers.delete(muxer)
        // whoever broke the rules is not heard again on this stream
        if (isBroken) this.#forget(muxer)
        for (const feed of this.#feeds.values()) feed.evaluate()
      }
    })
    if (!peer.isClosed) this.#peers.set(muxer, peer)
  }

  #forget(muxer: Protomux): void {
    muxer.unpair(this.#topic)
    this.#o.stats.failed++
  }

  #onfollow(oplog: RangeOplog): void {
    if (this.#feeds.has(oplog.id)) return
    const feed: Feed = new Feed(oplog, {
      stats: this.#o.stats,
      peers: () => this.#open(),
      peerOf: muxer => this.#peers.get(muxer) ?? null,
      hasRoom: () => this.#hasRoom(feed),
      onprogress: () => this.#o.onprogress(),
      onend: () => this.#feedStarved()
    })
    this.#feeds.set(oplog.id, feed)
    oplog.ready().then(() => this.#tell(oplog.id), noop)
  }

  #onchange(oplog: RangeOplog): void {
    const feed = this.#feeds.get(oplog.id)
    if (feed?.oplog !== oplog) return
    this.#tell(oplog.id)
    feed.evaluate()
  }

  #onforget(oplog: RangeOplog): void {
    const feed = this.#feeds.get(oplog.id)
    if (feed?.oplog !== oplog) return
    this.#feeds.delete(oplog.id)
    this.#starved.delete(feed)
    feed.close()
  }

  #hasRoom(feed: Feed): boolean {
    let busy = 0
    for (const other of this.#feeds.values()) if (other.isBusy) busy++
    if (busy < MOST_BUSY) return true
    this.#starved.add(feed)
    return false
  }

  #feedStarved(): void {
    const feeds = [...this.#starved]
    this.#starved.clear()
    for (const feed of feeds) feed.evaluate()
  }

  #tell(id: string): void {
    for (const peer of this.#open()) peer.tell(id)
  }

  *#open(): Iterable<RangePeer> {
    for (const peer of this.#peers.values()) if (peer.isOpen) yield peer
  }

  *#ids(): Iterable<string> {
    if (this.#oplogs) yield this.#oplogs.localId
    yield* this.#feeds.keys()
  }

  /** Members' only: what a stranger wrote is not spread, and nobody learns what else is in the store. */
  #find(id: string): Hypercore | null {
    const oplogs = this.#oplogs
    if (!oplogs?.isMember(id)) return null
    if (id === oplogs.localId) return oplogs.local
    const oplog = this.#feeds.get(id)?.oplog
    return oplog && !oplog.isForked ? oplog.core : null
  }
}

function noop(): void {}
