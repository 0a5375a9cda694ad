import b4a from 'b4a'
import type Hypercore from 'hypercore'
import type { Autobee } from '../../src/index.ts'
import { type Unit, UnitAssembler } from '../../src/oplog/unit.ts'
import type { Placement } from '../../src/order/index.ts'
import { OrderHashes } from '../../src/system/order-hash.ts'
import { type OraclePlacement, orderOf, rolesAfter } from '../order/oracle.ts'
import { Model } from './model.ts'
import { contentsOf, type Peer } from './peer.ts'
import type { Attempt } from './steps.ts'
import { breathe, type World } from './world.ts'

/** Real ms until peers that are all connected must agree. */
const PATIENCE = 30_000
/** Real ms until the `update` handler must have been told of everything. */
const HANDLER_PATIENCE = 3000

/** One peer at one moment. */
interface State {
  readonly peer: Peer
  readonly local: string
  readonly placements: readonly Placement<Unit>[]
  /** Positions that are no tentative ones. */
  readonly shared: number
  readonly sharedHash: string
  readonly hash: string
  readonly view: ReturnType<Autobee['bee']['snapshot']>
}

interface Expected {
  readonly order: readonly OraclePlacement<Unit>[]
  readonly view: readonly string[]
}

/** All oplogs of a run, each as its own writer has it. */
export class Oplogs {
  readonly #cores = new Map<string, Hypercore>()

  static async open(world: World): Promise<Oplogs> {
    const oplogs = new Oplogs()
    for (const { peer, id } of world.peers.flatMap(peer => [...peer.locals].map(id => ({ peer, id })))) {
      const key = b4a.from(id, 'hex')
      const encryption = world.encryptionKey ? { key: world.encryptionKey } : null
      const core = peer.store.get({ key, encryption, writable: false })
      await core.ready()
      oplogs.#cores.set(id, core)
    }
    return oplogs
  }

  lengthOf(id: string): number {
    return this.#cores.get(id)?.length ?? 0
  }

  lengths(): Map<string, number> {
    return new Map([...this.#cores].map(([id, core]) => [id, core.length]))
  }

  async units(lengths: ReadonlyMap<string, number>): Promise<Unit[]> {
    const units: Unit[] = []
    for (const [id, length] of lengths) {
      const core = this.#cores.get(id) as Hypercore
      const assembler = new UnitAssembler({ key: core.key, length: 0, timestamp: 0 })
      for (let index = 0; index < length; index++) {
        const unit = assembler.push((await core.get(index, { wait: false })) as Uint8Array)
        if (unit) units.push(unit)
      }
    }
    return units
  }

  async close(): Promise<void> {
    for (const core of this.#cores.values()) await core.close()
  }
}

/** Everybody is connected and all clocks are right: waits until all know the same, and says what that must be. */
export async function checkConvergence(world: World): Promise<Unit[]> {
  const oplogs = await Oplogs.open(world)
  try {
    const { states, lengths } = await converge(world, oplogs)
    const units = await oplogs.units(lengths)
    const expected = replay(world, units, null)
    for (const state of states) {
      const isTentative = state.placements.length > state.shared
      await checkState(state, isTentative ? replay(world, units, state.local) : expected)
    }
    count(world, { units, expected })
    return units
  } finally {
    await oplogs.close()
  }
}

/** Nobody is connected any more: what a peer had when it was closed is what it has when it opens again. */
export async function checkRestarts(world: World): Promise<void> {
  for (const peer of world.peers) {
    peer.setAckInterval(0)
    // with the interval that it had, an ack may still come in between
    await world.restart(peer, { store: false, cutFirst: true, relink: false })
    await peer.db.update()
    const before = await full(capture(peer))
    await world.restart(peer, { store: world.random.chance(0.5), cutFirst: true, relink: false })
    await peer.db.update()
    const { stats } = peer.db
    const after = await full(capture(peer))
    const where = `${peer.name}, opened again`
    same(after.order, before.order, `${where}: order`)
    same(after.view, before.view, `${where}: view`)
    same(after.hash, before.hash, `${where}: hash`)
    if (stats.undos + stats.applies + stats.reapplied > 0) {
      throw new Error(`${where}: applied ${stats.applies} and undid ${stats.undos} times`)
    }
    const boot = await peer.inspect().boot()
    same(boot?.position, after.order.length, `${where}: position in the boot record`)
    same(boot && b4a.toString(boot.orderHash, 'hex'), after.hash, `${where}: hash in the boot record`)
  }
}

/** What was acknowledged is there, once; what was refused is not. */
export function checkAttempts(units: readonly Unit[], attempts: readonly Attempt[]): void {
  const found = new Map<string, number>()
  for (const unit of units) {
    for (const bytes of unit.values ?? []) {
      if (!bytes) continue
      const { id } = JSON.parse(b4a.toString(bytes))
      found.set(id, (found.get(id) ?? 0) + 1)
    }
  }
  for (const { ids, written } of attempts) {
    for (const id of ids) same(found.get(id) ?? 0, written ? 1 : 0, `copies of value ${id}`)
  }
}

async function converge(
  world: World,
  oplogs: Oplogs
): Promise<{ states: State[]; lengths: Map<string, number> }> {
  const end = performance.now() + PATIENCE
  for (;;) {
    for (const peer of world.peers) await world.patiently(peer.db.update(), `${peer.name} updates at the end`)
    const difference = firstDifference(world, oplogs)
    if (!difference) {
      const states = world.peers.map(capture)
      return { states, lengths: oplogs.lengths() }
    }
    if (world.problems.length > 0) throw new Error('something went wrong')
    if (performance.now() > end) throw new Error(`no convergence: ${difference}`)
    await breathe()
  }
}

/** Why peers do not know the same, or null; in one turn of the event loop. */
function firstDifference(world: World, oplogs: Oplogs): string | null {
  const hashes = new Set<string>()
  for (const peer of world.peers) {
    const { cycle, linearizer, writers, blocked } = peer.inspect()
    if (!cycle.isIdle || cycle.state !== 'open') return `${peer.name} is ${cycle.state}`
    for (const { writer } of linearizer.members()) {
      const [known, length] = [linearizer.knownLength(writer), oplogs.lengthOf(writer)]
      if (known === length) continue
      const at = writers.get(writer)
      const reads =
        at && `${at.length} long, ${at.available} here, ${at.readLength} read, ${at.pending.length} pending`
      const sources = at?.core?.peers.map(source => `${source.remoteLength}/${source.remoteContiguousLength}`)
      const why = JSON.stringify(blocked.map(({ reason, writer }) => `${reason} ${writer.slice(0, 8)}`))
      return `${peer.name} knows ${known} of ${length} entries of ${writer.slice(0, 8)} (${reads}, others ${sources}, trial ${at?.onTrial}; blocked ${why})`
    }
    hashes.add(sharedOf(peer.inspect().placements()).hash)
  }
  return hashes.size > 1 ? 'the orders differ, although all know the same' : null
}

function capture(peer: Peer): State {
  const inspection = peer.inspect()
  const placements = inspection.placements()
  const { hash: sharedHash, length: shared } = sharedOf(placements)
  return {
    peer,
    local: peer.localId,
    placements,
    shared,
    sharedHash,
    hash: b4a.toString(inspection.orderHash(), 'hex'),
    view: peer.db.bee.snapshot()
  }
}

function sharedOf(placements: readonly Placement<Unit>[]): { length: number; hash: string } {
  const first = placements.findIndex(({ mode }) => mode === 'tentative')
  const length = first === -1 ? placements.length : first
  return { length, hash: hashOf(placements.slice(0, length)) }
}

function hashOf(placements: readonly Placement<Unit>[]): string {
  const hashes = new OrderHashes()
  for (const { unit, applied } of placements) hashes.push(unit, applied)
  return b4a.toString(hashes.at(placements.length), 'hex')
}

/** The rule and the program once more, slow and without state of any kind. */
function replay(world: World, units: readonly Unit[], local: string | null): Expected {
  const { bootstrap } = world
  const model = new Model()
  const order = orderOf(units, {
    bootstrap,
    local: local ?? undefined,
    apply: (unit, before) => {
      const role = rolesAfter(before, bootstrap).get(unit.writer) ?? 'none'
      return model.apply(unit, { isStranger: role === 'none' })
    }
  })
  return { order, view: model.list() }
}

async function checkState(state: State, expected: Expected): Promise<void> {
  const { peer, placements } = state
  same(placements.map(lineOf), expected.order.map(lineOf), `${peer.name}: order`)
  same(state.hash, hashOf(expected.order), `${peer.name}: order hash`)
  same(await listOf(state.view), expected.view, `${peer.name}: view`)
  if (!peer.mirror) return
  // nothing says when the handler has been told of the last change
  const end = performance.now() + HANDLER_PATIENCE
  let mirrored = linesOf(await peer.mirror)
  while (mirrored.join() !== expected.view.join() && performance.now() < end) {
    await breathe()
    mirrored = linesOf(await peer.mirror)
  }
  same(mirrored, expected.view, `${peer.name}: view as its changes told`)
}

async function full(state: State): Promise<{ order: string[]; view: string[]; hash: string }> {
  return { order: state.placements.map(lineOf), view: await listOf(state.view), hash: state.hash }
}

function lineOf({ unit, applied, verdict, mode }: Placement<Unit>): string {
  return `${unit.writer.slice(0, 8)} ${unit.length} ${verdict} ${applied ? 'applied' : 'skipped'} ${mode}`
}

async function listOf(view: State['view']): Promise<string[]> {
  return linesOf(await contentsOf(view))
}

function linesOf(contents: ReadonlyMap<string, string>): string[] {
  return [...contents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
}

function count(world: World, o: { units: readonly Unit[]; expected: Expected }): void {
  const { counters } = world
  const placed = new Map(o.expected.order.map(placement => [placement.unit, placement]))
  for (const unit of o.units) {
    const placement = placed.get(unit)
    if (unit.ack) counters.acks++
    if (placement?.verdict === 'try' && placement.applied) counters.optimisticAccepted++
    if (unit.optimistic && !placement?.applied) counters.optimisticRefused++
  }
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return
  if (!Array.isArray(actual) || !Array.isArray(expected)) {
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
  }
  const at = expected.findIndex((line, i) => JSON.stringify(line) !== JSON.stringify(actual[i]))
  const first = at === -1 ? expected.length : at
  const part = (list: unknown[]) => list.slice(Math.max(0, first - 2), first + 4).join('\n    ')
  throw new Error(
    `${what}: ${actual.length} instead of ${expected.length}, the first difference is at ${first}\n  got\n    ${part(actual)}\n  instead of\n    ${part(expected)}`
  )
}
