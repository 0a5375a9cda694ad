import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { AutobeeError } from '../../src/index.ts'
import type { Peer } from './peer.ts'
import { asValue, type Op, type Value } from './program.ts'
import type { Random } from './random.ts'
import { breathe, type World } from './world.ts'

/** What came of one call of `append`. */
export interface Attempt {
  readonly ids: readonly string[]
  readonly written: boolean
}

/** Rejections that may happen to anybody; each leaves nothing behind. */
const REFUSALS = ['NOT_WRITABLE', 'APPLY_FAILED', 'INTERRUPTED', 'CLOCK_SKEW', 'CLOSED']

const WEIGHTS = {
  append: 30,
  batch: 8,
  burst: 5,
  fail: 2,
  add: 8,
  remove: 4,
  invite: 4,
  claim: 9,
  toggle: 9,
  partition: 3,
  heal: 3,
  restart: 3,
  rotate: 1.5,
  skew: 2,
  interrupt: 2.5,
  crash: 0.7,
  update: 3,
  settle: 4,
  hint: 2
}

/** Random things that people and networks do. */
export class Steps {
  readonly attempts: Attempt[] = []
  readonly #world: World
  #made = 0
  #steps = 0
  #invites: string[] = []
  /** Appends that are not waited for. */
  #pending = new Set<Promise<void>>()

  constructor(world: World) {
    this.#world = world
  }

  /** The first peer lets some others in. */
  async found(): Promise<void> {
    const { random, peers, bootstrap } = this.#world
    const ops: Op[] = [['add', bootstrap, 'indexer']]
    for (const peer of peers.slice(1)) {
      if (random.chance(0.6)) ops.push(['add', peer.localId, random.chance(0.5) ? 'indexer' : 'writer'])
    }
    ops.push(this.#invite())
    await this.#append(peers[0] as Peer, [ops], { optimistic: false })
  }

  /** One random step. */
  async step(): Promise<void> {
    const world = this.#world
    const { random } = world
    // so that a step is the same again although the network made the one before come out otherwise
    random.restart(world.seed, ++this.#steps)
    world.time += random.chance(0.05) ? random.int(1000, 100_000) : random.int(0, 60)
    world.counters.operations++
    const name = random.weighted(WEIGHTS)
    await this[name](random.pick(world.peers))
    if (random.chance(0.5)) await breathe(random.int(0, 3))
    if (this.#pending.size > 0 && random.chance(0.3)) await this.finish()
  }

  /** All appends have settled. */
  async finish(): Promise<void> {
    await this.#world.patiently(Promise.all(this.#pending), 'appends settle')
  }

  async append(peer: Peer): Promise<void> {
    const { random } = this.#world
    const author = this.#author(peer)
    await this.#append(author, [someOps(this.#world.random)], { optimistic: random.chance(0.05) })
  }

  async batch(peer: Peer): Promise<void> {
    const { random } = this.#world
    const values = Array.from({ length: random.int(2, 5) }, () => someOps(this.#world.random))
    await this.#append(this.#author(peer), values, { optimistic: false })
  }

  /** Several peers, or one, append without waiting for each other. */
  async burst(): Promise<void> {
    const { random, peers } = this.#world
    const same = random.chance(0.5) ? this.#author(random.pick(peers)) : null
    for (let count = random.int(2, 6); count > 0; count--) {
      this.#dispatch(same ?? this.#author(random.pick(peers)), [someOps(this.#world.random)])
    }
  }

  async fail(peer: Peer): Promise<void> {
    const values = this.#world.random.chance(0.5)
      ? [[['fail']]]
      : [someOps(this.#world.random), [...someOps(this.#world.random), ['fail']]]
    await this.#append(this.#author(peer), values as Op[][], { optimistic: false })
  }

  async add(peer: Peer): Promise<void> {
    const { random, counters } = this.#world
    const role = random.chance(0.5) ? 'indexer' : 'writer'
    const added = await this.#append(this.#author(peer), [[['add', this.#someone(), role]]], {
      optimistic: false
    })
    if (added) counters.roleChanges++
  }

  async remove(peer: Peer): Promise<void> {
    const ops: Op[] = [['remove', this.#someone()]]
    if (this.#world.random.chance(0.3)) ops.push(...someOps(this.#world.random))
    await this.#append(this.#author(peer), [ops], { optimistic: false })
  }

  async invite(peer: Peer): Promise<void> {
    await this.#append(this.#author(peer), [[this.#invite()]], { optimistic: false })
  }

  async claim(peer: Peer): Promise<void> {
    const { random, peers } = this.#world
    const strangers = peers.filter(other => !other.db.writable)
    const author = strangers.length > 0 ? random.pick(strangers) : peer
    const join = random.pick(['indexer', 'writer', null] as const)
    // mostly an invite that it can know of
    const name = random.pick(random.chance(0.6) ? this.#invites.slice(-2) : this.#invites)
    const ops: Op[] = [...someOps(this.#world.random), ['claim', name, { join, strict: random.chance(0.4) }]]
    if (random.chance(0.3)) ops.push(...someOps(this.#world.random))
    const values = random.chance(0.2) ? [someOps(this.#world.random), ops] : [ops]
    await this.#append(author, values, { optimistic: true })
  }

  async toggle(peer: Peer): Promise<void> {
    const world = this.#world
    const other = world.random.pick(world.peers)
    if (other === peer) return
    const isLinked = world.isLinked(peer, other)
    world.tell(`${isLinked ? 'cut' : 'link'} ${peer.name} and ${other.name}`)
    if (isLinked) await world.cut(peer, other)
    else world.link(peer, other)
  }

  async partition(): Promise<void> {
    const world = this.#world
    const groups: Peer[][] = [[], [], []]
    for (const peer of world.peers) groups[world.random.int(0, world.random.int(1, 2))]?.push(peer)
    world.tell(`partition ${groups.map(group => group.map(peer => peer.index).join('+')).join(' | ')}`)
    await world.partition(groups)
  }

  async heal(): Promise<void> {
    const world = this.#world
    world.tell('heal')
    await world.partition([world.random.shuffle(world.peers)])
  }

  async restart(peer: Peer): Promise<void> {
    const { random } = this.#world
    if (random.chance(0.5)) await this.finish()
    await this.#restart(peer)
  }

  /** Another local writer, new or one that this peer had before. */
  async rotate(peer: Peer): Promise<void> {
    const world = this.#world
    if (peer.broken) return this.#restart(peer)
    const { random } = world
    const old = [...peer.locals].filter(id => id !== peer.localId)
    const to =
      old.length > 0 && random.chance(0.5)
        ? b4a.from(random.pick(old), 'hex')
        : crypto.keyPair(random.bytes(32))
    await world.patiently(peer.db.setLocal(to), `${peer.name} rotates`)
    peer.locals.add(peer.localId)
    world.counters.rotations++
    world.tell(`${peer.name} rotates to ${peer.localId.slice(0, 8)}`)
  }

  async skew(peer: Peer): Promise<void> {
    const { random, skew } = this.#world
    peer.clock = { ...peer.clock, offset: random.int(-skew, skew) }
  }

  async interrupt(peer: Peer): Promise<void> {
    peer.interruptIn = this.#world.random.int(1, 6)
    this.#world.tell(`${peer.name} will interrupt`)
  }

  async crash(peer: Peer): Promise<void> {
    peer.crashIn = this.#world.random.int(1, 6)
    this.#world.tell(`${peer.name} will fail to apply`)
  }

  async update(peer: Peer): Promise<void> {
    this.#world.tell(`${peer.name} updates`)
    await this.#merge(peer)
  }

  /** Gives linked peers time to exchange what they have; how much they manage is left open. */
  async settle(): Promise<void> {
    this.#world.tell('settle')
    for (let round = this.#world.random.int(1, 4); round > 0; round--) {
      await breathe(this.#world.random.int(1, 5))
      for (const peer of this.#world.peers) await this.#merge(peer)
    }
  }

  async hint(peer: Peer): Promise<void> {
    const other = this.#world.random.pick(this.#world.peers)
    if (other.db.local.length > 0) peer.db.wakeup({ key: other.db.local.key, length: other.db.local.length })
  }

  async #merge(peer: Peer): Promise<void> {
    try {
      await this.#world.patiently(peer.db.update(), `${peer.name} updates`)
    } catch (error) {
      if (peer.broken && AutobeeError.is(error, 'APPLY_FAILED')) return this.#restart(peer)
      throw error
    }
  }

  async #restart(peer: Peer): Promise<void> {
    const world = this.#world
    const { random } = world
    const options = { store: random.chance(0.4), cutFirst: random.chance(0.5), relink: random.chance(0.8) }
    world.tell(`${peer.name} restarts ${JSON.stringify(options)}`)
    await world.restart(peer, options)
  }

  /** Mostly a peer that may write. */
  #author(peer: Peer): Peer {
    const { random, peers } = this.#world
    const writers = peers.filter(other => other.db.writable)
    return peer.db.writable || writers.length === 0 || random.chance(0.1) ? peer : random.pick(writers)
  }

  /** The key of an oplog that somebody writes to, or wrote to. */
  #someone(): string {
    const { random, peers } = this.#world
    const peer = random.pick(peers)
    return random.chance(0.8) ? peer.localId : random.pick([...peer.locals])
  }

  #invite(): Op {
    const name = `i${this.#invites.length}`
    this.#invites.push(name)
    return ['invite', name, this.#world.random.pick([1, 1, 2, 5])]
  }

  #dispatch(peer: Peer, values: Op[][]): void {
    const append = this.#append(peer, values, { optimistic: false })
      .catch(error => this.#world.problems.push(String(error?.stack)))
      .then(() => {
        this.#pending.delete(append)
      })
    this.#pending.add(append)
  }

  /** Returns whether it was written. */
  async #append(peer: Peer, values: Op[][], options: { optimistic: boolean }): Promise<boolean> {
    const world = this.#world
    const made = values.map((ops): Value => ({ id: `${world.seed}/${this.#made++}`, ops }))
    const ids = made.map(value => value.id)
    const given = made.map(value => (world.isJson ? value : JSON.stringify(value)))
    const what = `${peer.name} appends ${made.map(value => JSON.stringify(asValue(value).ops)).join(' + ')}`
    const at = world.story.push(what) - 1
    try {
      const append = peer.db.append(given.length === 1 ? given[0] : given, options)
      const head = await world.patiently(append, what)
      world.story[at] += ` → ${b4a.toString(head.key, 'hex').slice(0, 8)}:${head.length}`
      this.attempts.push({ ids, written: true })
      world.counters.appends++
      return true
    } catch (error) {
      if (!AutobeeError.is(error) || !REFUSALS.includes(error.code)) throw error
      world.story[at] += ` → ${error.code}`
      this.attempts.push({ ids, written: false })
      if (error.code === 'APPLY_FAILED') world.counters.applyFailures++
      return false
    }
  }
}

/** Some changes of the view, none of which concerns membership. */
export function someOps(random: Random): Op[] {
  return Array.from({ length: random.int(0, 3) }, () => someOp(random))
}

function someOp(random: Random): Op {
  const key = () => `k${random.int(0, 12)}`
  const range = () => ({ gte: key(), lt: key() })
  switch (random.int(0, 9)) {
    case 0:
    case 1:
      return ['del', key()]
    case 2:
    case 3:
      return ['inc', `n${random.int(0, 3)}`]
    case 4:
      return ['copy', key(), key()]
    case 5: {
      const limit = random.chance(0.5) ? -1 : random.int(1, 4)
      const all = random.chance(0.3) ? { gte: 'a', lt: 'z' } : range()
      return ['sum', { ...all, limit, reverse: random.chance(0.5) }, key()]
    }
    case 6:
      return random.chance(0.3) ? ['wipe', range()] : ['peek', key(), key()]
    default:
      return ['put', key(), `v${random.int(0, 99)}`]
  }
}
