import type Hypercore from 'hypercore'
import type Protomux from 'protomux'
import { Alarm } from '../../alarm.ts'
import { appendSigned, forgiveStaleProofs, guardUpgrades, isInConflict } from '../../engine/core-internals.ts'
import { MOST_BLOCKS, MOST_BYTES } from './limits.ts'
import type { RangeOplog, RangeStats } from './oplog.ts'
import type { Asker, RangePeer } from './peer.ts'
import { Question } from './question.ts'
import { setSigner } from './signer.ts'
import { Transfer } from './transfer.ts'

/** How long a range is waited for when Hypercore hears of a longer log first, ms. */
const GRACE = 600
/** How long others' ranges may keep this one waiting, ms. */
const PATIENCE = 1000
/** Ranges that came and wait to be stored; while there are more, nothing is asked. */
const MOST_WAITING = 2

export interface FeedOptions {
  readonly stats: RangeStats
  /** Whose channel is open. */
  peers(): Iterable<RangePeer>
  peerOf(muxer: Protomux): RangePeer | null
  /** Does one more range fit in memory? If not, the feed is called when it does. */
  hasRoom(): boolean
  /** Blocks came. */
  onprogress(): void
  /** A range is stored, or will not come. */
  onend(): void
}

interface Choice {
  /** Who can give what follows. */
  readonly source: RangePeer | null
  /** There is more, but nobody can give it in one range. */
  readonly isTooLarge: boolean
}

/**
 * Fetches one oplog in ranges. Events change what is known; {@link evaluate} alone decides what to do. Invariants:
 * 1. At most one question is out, to one peer.
 * 2. Nothing is written but by Hypercore's own signed append: a range is taken whole or not at all.
 * 3. While the log is held, Hypercore fetches nothing of it by itself. It is held only while all that is known of is
 *    here or is on its way in a range; whatever else happens releases it to Hypercore's own download.
 */
export class Feed implements Asker {
  readonly id: string
  readonly oplog: RangeOplog
  readonly #o: FeedOptions
  #question: Question | null = null
  /** Who gave the last range: news of this oplog come from there first. */
  #giver: RangePeer | null = null
  /** Where the ranges that came and are not stored yet end, and how many these are. */
  #incoming = 0
  #waiting = 0
  #taking: Promise<void> = Promise.resolve()
  #isReleased = false
  /** Since when there is more than this, and nothing is done about it. */
  #behind: { readonly length: number; readonly since: number } | null = null
  #unguard: () => void = noop
  readonly #alarm = new Alarm(() => this.evaluate())
  #closed = false

  constructor(oplog: RangeOplog, options: FeedOptions) {
    this.oplog = oplog
    this.id = oplog.id
    this.#o = options
    oplog.ready().then(() => this.#guard(), noop)
  }

  /** Is a range of more than one message on its way? */
  get isBusy(): boolean {
    return this.#question !== null && !this.#question.transfer.isLive
  }

  /** Looks what to do now. */
  evaluate(): void {
    const core = this.#core
    if (!core) return
    const length = Math.max(core.length, this.#incoming)
    this.#review(core, this.#choose(core, length))
    const choice = this.#choose(core, length)
    switch (this.#decide(core, { ...choice, length })) {
      case 'release':
        this.#release(core)
        break
      case 'ask':
        this.#ask(choice.source, { core, from: length, isLive: false })
        break
      case 'listen':
        this.#ask(this.#listener(), { core, from: length, isLive: true })
    }
    this.oplog.expected = this.#expected
  }

  ondata(transfer: Transfer): void {
    const question = this.#question
    if (question?.transfer !== transfer) return
    this.#o.onprogress()
    if (!transfer.isWhole) return
    this.#question = null
    this.#incoming = transfer.begin?.to ?? 0
    this.#waiting++
    this.#taking = this.#taking.then(() => this.#take(transfer, question.peer))
    this.evaluate()
  }

  onnone(transfer: Transfer): void {
    if (this.#question?.transfer !== transfer) return
    const { peer } = this.#question
    this.#question = null
    // too much at once for a live answer: it said how much there is, and is asked for that
    const isKnown = transfer.isLive && lengthAt(peer, this.id) > transfer.from
    if (!isKnown) this.#fail(peer)
    this.evaluate()
    this.#o.onend()
  }

  close(): void {
    this.#closed = true
    this.#drop()
    this.#unguard()
    this.#alarm.stop()
    this.oplog.expected = 0
  }

  /** Length that is on its way; 0 when none is. */
  get #expected(): number {
    const { peer, transfer, isDue } = this.#question ?? {}
    if (!peer || !isDue) return this.#incoming
    return Math.max(this.#incoming, lengthAt(peer, this.id), transfer?.begin?.to ?? 0)
  }

  get #core(): Hypercore | null {
    const { core } = this.oplog
    return !this.#closed && core?.opened && !core.closing ? core : null
  }

  #isTakeable(core: Hypercore): boolean {
    const { isFollowed, frozen } = this.oplog
    return isFollowed && !frozen && !core.writable && core.fork === 0 && !isInConflict(core)
  }

  #guard(): void {
    const core = this.#core
    if (!core) return
    const ends = [guardUpgrades(core, () => this.#mayUpgrade()), forgiveStaleProofs(core)]
    this.#unguard = () => {
      for (const end of ends) end()
    }
    this.evaluate()
  }

  /** Hypercore has heard of a longer log: may it fetch that by itself? */
  #mayUpgrade(): boolean {
    const core = this.#core
    if (!core || this.#isReleased || !this.#isTakeable(core) || core.contiguousLength < core.length)
      return true
    const isStock = core.peers.some(
      peer => peer.remoteFork !== core.fork || (peer.remoteLength > core.length && !this.#isPromising(peer))
    )
    if (!isStock) this.#wake(GRACE)
    return isStock
  }

  #isPromising(peer: Hypercore.Peer): boolean {
    return this.#o.peerOf(peer.protomux)?.isPromising(this.id) ?? false
  }

  #choose(core: Hypercore, length: number): Choice {
    // what is being stored is not counted yet
    const own = length === core.length ? byteLengthOf(core) : Number.POSITIVE_INFINITY
    let source: RangePeer | null = null
    let isTooLarge = false
    for (const peer of this.#o.peers()) {
      const known = peer.known.get(this.id)
      if (!known || known.length <= length) continue
      const pause = peer.trust.pause(this.id)
      if (pause > 0) this.#wake(pause)
      else if (known.length - length > MOST_BLOCKS || known.bytes - own > MOST_BYTES) isTooLarge = true
      else if (!source || this.#isBetter(peer, source)) source = peer
    }
    return { source, isTooLarge: isTooLarge && !source }
  }

  #isBetter(one: RangePeer, other: RangePeer): boolean {
    const failures = one.trust.failures(this.id) - other.trust.failures(this.id)
    if (failures !== 0) return failures < 0
    if (one.trust.strikes !== other.trust.strikes) return one.trust.strikes < other.trust.strikes
    if (one === this.#giver || other === this.#giver) return one === this.#giver
    return lengthAt(one, this.id) > lengthAt(other, this.id)
  }

  /** Who is to hand on what comes next: whoever hears of it first. */
  #listener(): RangePeer | null {
    let best: RangePeer | null = null
    for (const peer of this.#o.peers()) {
      if (!peer.known.has(this.id) || !peer.trust.has(this.id)) continue
      if (!best || this.#isBetter(peer, best)) best = peer
    }
    return best
  }

  /** Takes the question back that is out, when it is not worth waiting for. */
  #review(core: Hypercore, { source }: Choice): void {
    const question = this.#question
    if (!question) return
    const { peer, transfer } = question
    // meanwhile it came in another way, or is not wanted any more
    if (transfer.from < core.length || !this.#isTakeable(core)) {
      this.#drop()
      return
    }
    const answer = question.look(source && { peer: source, more: lengthAt(source, this.id) - transfer.from })
    if (answer.state === 'good') {
      this.#wake(answer.ms)
      return
    }
    this.#drop()
    if (answer.state === 'late') this.#fail(peer)
    this.#o.onend()
  }

  #decide(
    core: Hypercore,
    known: Choice & { readonly length: number }
  ): 'release' | 'wait' | 'ask' | 'listen' {
    // blocks that are missing in between only Hypercore can fetch
    if (!this.#isTakeable(core) || core.contiguousLength < core.length) return 'release'
    if (this.#question?.isDue) return 'wait'
    if (known.isTooLarge) return 'release'
    // Hypercore is at work
    if (this.#isReleased && aheadOf(core).length > 0) return 'wait'
    this.#isReleased = false
    if (this.#waiting >= MOST_WAITING) return 'wait'
    if (known.source) {
      if (this.#o.hasRoom()) return 'ask'
      return this.#isOverdue(core, PATIENCE) ? 'release' : 'wait'
    }
    const ahead = known.length === core.length ? aheadOf(core) : []
    if (ahead.length === 0) {
      this.#behind = null
      return this.#question ? 'wait' : 'listen'
    }
    // Hypercore's peers have more than anybody says here: a range of it may still be announced
    const isPromising = ahead.some(peer => this.#isPromising(peer))
    return isPromising && !this.#isOverdue(core, GRACE) ? 'wait' : 'release'
  }

  /** Has nothing come for so long? */
  #isOverdue(core: Hypercore, ms: number): boolean {
    const now = performance.now()
    if (this.#behind?.length !== core.length) this.#behind = { length: core.length, since: now }
    const left = this.#behind.since + ms - now
    if (left > 0) this.#wake(left)
    return left <= 0
  }

  #ask(peer: RangePeer | null, { core, ...range }: { core: Hypercore; from: number; isLive: boolean }): void {
    if (!peer) return
    this.#drop()
    const transfer = new Transfer(range)
    const cancel = peer.ask(this, { transfer, needsSigner: core.manifest === null })
    this.#question = new Question({ peer, transfer, cancel })
    if (!range.isLive) this.#review(core, { source: peer, isTooLarge: false })
  }

  async #take(transfer: Transfer, peer: RangePeer): Promise<void> {
    const outcome = await this.#append(transfer)
    this.#waiting--
    if (outcome === 'taken') {
      this.#o.stats.taken++
      this.#giver = peer
      peer.trust.restore(this.id)
    } else {
      if (outcome === 'refused') {
        this.#o.stats.failed++
        peer.trust.lose(this.id)
      }
      // what was asked for on top of it has no ground
      this.#drop()
    }
    if (this.#waiting === 0) this.#incoming = 0
    this.evaluate()
    this.#o.onend()
  }

  /** `none`: nothing of it was missing, or this was closed. */
  async #append({ from, begin, blocks }: Transfer): Promise<'taken' | 'refused' | 'none'> {
    let taken = false
    try {
      for (let core = this.#core; core && begin && core.length < begin.to; core = this.#core) {
        if (!this.#isTakeable(core) || core.length < from) return 'none'
        if (!core.manifest && !(begin.signer && (await setSigner(core, begin.signer)))) return 'refused'
        const { length } = core
        const missing = blocks.slice(length - from)
        await appendSigned(core, missing, { signature: begin.signature, length: begin.to })
        if (core.length === length) return 'none'
        taken = true
        this.#o.stats.blocksTaken += missing.length
      }
      return taken ? 'taken' : 'none'
    } catch {
      // it does not verify; or this is being closed, which is not the peer's fault
      return this.#core ? 'refused' : 'none'
    }
  }

  #fail(peer: RangePeer): void {
    this.#o.stats.failed++
    peer.trust.fail(this.id)
  }

  /** Takes back the question that is out. */
  #drop(): void {
    const question = this.#question
    this.#question = null
    question?.cancel()
  }

  /** Leaves it to Hypercore's own download until all that anybody has is here. */
  #release(core: Hypercore): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#o.stats.released++
    core.update({ wait: true, force: true }).catch(noop)
  }

  #wake(ms: number): void {
    if (!this.#closed && ms !== Number.POSITIVE_INFINITY) this.#alarm.set(ms)
  }
}

/** Hypercore's peers that say they have more of it. */
function aheadOf(core: Hypercore): Hypercore.Peer[] {
  return core.peers.filter(peer => peer.remoteFork === core.fork && peer.remoteLength > core.length)
}

function lengthAt(peer: RangePeer, id: string): number {
  return peer.known.get(id)?.length ?? 0
}

/** As stored: with what encryption adds. */
function byteLengthOf(core: Hypercore): number {
  return core.byteLength + core.length * core.padding
}

function noop(): void {}
