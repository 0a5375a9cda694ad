import b4a from 'b4a'
import type Hypercore from 'hypercore'
import { type Autobee, AutobeeError } from '../../src/index.ts'
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

type Place = Pick<Placement<Unit>, 'unit' | 'applied'> & {
  readonly tried: boolean
  readonly mode: string | null
}

type Judged = { readonly verdict: string } | { readonly tried: boolean }

/** One peer at one moment. */
interface State {
  readonly peer: Peer
  readonly local: string
  /** The whole order; of what is not in memory the mode is not known. */
  readonly placements: readonly Place[]
  /** It has no role: it shows own units that nobody has let in yet, if there are any. */
  readonly isStranger: boolean
  knows(unit: Unit): boolean
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
      // which strangers' units it knows matters behind its own ones only
      const own = () => replay(world, units.filter(state.knows), state.local)
      await checkState(state, state.isStranger ? own() : expected)
      await checkMirror(state.peer)
    }
    count(world, { units, expected })
    return units
  } finally {
    await oplogs.close()
  }
}

/** Resolves, or rejects for what only that peer waits for: oplogs of those whom its own tentative units let in. */
export async function checkFlush(world: World, peer: Peer): Promise<void> {
  try {
    await world.patiently(peer.db.flush(), `${peer.name} flushes`)
  } catch (error) {
    if (!(await capture(peer, world)).isStranger || !AutobeeError.is(error, 'WAITING')) throw error
  }
}

/** Nobody is connected any more: what a peer had when it was closed is what it has when it opens again. */
export async function checkRestarts(world: World): Promise<void> {
  for (const peer of world.peers) {
    // opened again, an indexer would try once more whom it has refused, and might let them in
    peer.optimistic = false
    peer.ackInterval = 0
    // an ack that was under way still counts
    while (!(await isSameAgain(world, peer))) world.tell(`${peer.name} has appended meanwhile`)
  }
}

/** Returns false when something was appended, or came in, between the look at it and its closing. */
async function isSameAgain(world: World, peer: Peer): Promise<boolean> {
  await peer.db.update()
  const [length, here] = [peer.db.local.length, blocksAt(peer)]
  const before = await full(await capture(peer, world))
  await world.restart(peer, { store: world.random.chance(0.5), cutFirst: true, relink: false })
  await peer.db.update()
  const { stats } = peer.db
  if (peer.db.local.length !== length) return false
  // an ack that was cut off while it was verified: what was here before and was not read is still found out
  for (const [id, blocks] of blocksAt(peer)) if (blocks > (here.get(id) ?? blocks)) return false
  const after = await full(await capture(peer, world))
  const where = `${peer.name}, opened again as ${after.local}`
  same(after.order, before.order, `${where}: order`)
  same(after.view, before.view, `${where}: view`)
  same(after.hash, before.hash, `${where}: hash`)
  if (stats.undos + stats.applies + stats.reapplied > 0) {
    const last = before.order.slice(-stats.applies - 3).join('\n    ')
    throw new Error(`${where}: applied ${stats.applies} of ${after.order.length} again\n    ${last}`)
  }
  const boot = await peer.inspect().boot()
  same(boot?.position, after.order.length, `${where}: position in the boot record`)
  same(boot && b4a.toString(boot.orderHash, 'hex'), after.hash, `${where}: hash in the boot record`)
  return true
}

/** How many blocks of each oplog it has, by the id of its writer. */
function blocksAt(peer: Peer): Map<string, number> {
  return new Map([...peer.inspect().writers].map(({ id, available }) => [id, available]))
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
      const lengths = oplogs.lengths()
      const states = await Promise.all(world.peers.map(peer => capture(peer, world)))
      return { states, lengths }
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
    const { cycle, linearizer, blocked } = peer.inspect()
    if (!cycle.isIdle || cycle.state !== 'open') return `${peer.name} is ${cycle.state}`
    const own = tentativeOf(peer)
    // what its own tentative units give a role to is this peer's affair
    const its = new Set(own.flatMap(({ changes }) => changes.map(({ writer }) => writer)))
    for (const { writer } of linearizer.members()) {
      if (its.has(writer)) continue
      const [known, length] = [linearizer.knownLength(writer), oplogs.lengthOf(writer)]
      if (known === length) continue
      const about = (id: string) => [
        `${id.slice(0, 8)}:`,
        ...world.peers.map(other => `  ${whatOf(other, { world, writer: id })}`)
      ]
      const lines = blocked.flatMap(({ reason, writer, length, missing }) => {
        const source = missing && b4a.toString(missing.key, 'hex')
        const what = `${writer.slice(0, 8)}:${length} is blocked, ${reason}`
        return source
          ? [`${what} ${source.slice(0, 8)}:${missing.length}`, ...about(source)]
          : [what, ...about(writer)]
      })
      const what = `${peer.name} knows ${known} of ${length} entries of ${writer.slice(0, 8)}`
      return [what, ...about(writer), ...lines].join('\n  ')
    }
    hashes.add(b4a.toString(peer.inspect().orderHash(linearizer.length - own.length), 'hex'))
  }
  return hashes.size > 1 ? 'the orders differ, although all know the same' : null
}

/** What one peer has of one oplog. */
function whatOf(peer: Peer, { world, writer }: { world: World; writer: string }): string {
  const { linearizer, writers } = peer.inspect()
  const at = writers.get(writer)
  const core = peer.localId === writer ? peer.db.local : at?.core
  const sources = core?.peers.map(
    ({ remoteLength, remoteContiguousLength }) => `${remoteLength}/${remoteContiguousLength}`
  )
  const links = world.neighbours(peer).map(other => other.index)
  return `${peer.name}, ${peer.locals.has(writer) ? 'the owner, ' : ''}linked to ${links}: ${core?.length} long, \
${core?.contiguousLength} here, ${at?.readLength} read, ${at?.pending.length} pending, \
${linearizer.knownLength(writer)} known; ${at?.onTrial ? 'on trial' : 'followed'}, sources ${sources}`
}

async function capture(peer: Peer, world: World): Promise<State> {
  const inspection = peer.inspect()
  const { linearizer } = inspection
  const locals = world.peers.flatMap(other => [...other.locals])
  const known = new Map(locals.map(id => [id, linearizer.knownLength(id)]))
  const knows = ({ writer, length }: Unit) => writer === peer.localId || length <= (known.get(writer) ?? 0)
  const isStranger = linearizer.roleOf(peer.localId) === 'none' || tentativeOf(peer).length > 0
  const hash = b4a.toString(inspection.orderHash(), 'hex')
  const view = peer.db.bee.snapshot()
  const recent = inspection.placements().map(placed => ({ ...placed, tried: placed.verdict === 'try' }))
  const past = (await inspection.past()).map(placed => ({ ...placed, mode: null }))
  return {
    peer,
    local: peer.localId,
    placements: [...past, ...recent],
    isStranger,
    knows,
    hash,
    view
  }
}

/** What only this peer shows, behind what all have: its own tentative units, and what follows from them. */
function tentativeOf(peer: Peer): Placement<Unit>[] {
  const placements = peer.inspect().placements()
  const first = placements.findIndex(({ mode }) => mode === 'tentative')
  return first === -1 ? [] : placements.slice(first)
}

function hashOf(placements: readonly Pick<Placement<Unit>, 'unit' | 'applied'>[]): string {
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
  // what is not in memory does not say how it came about
  const modes = expected.order.map(({ mode }, i) => (placements[i]?.mode === null ? null : mode))
  const actual = placements.map(({ mode }) => mode)
  same(actual, modes, `${peer.name}: modes`)
  same(state.hash, hashOf(expected.order), `${peer.name}: order hash`)
  same(await listOf(state.view), expected.view, `${peer.name}: view`)
}

/** What `update` told of comes to the view, which may have moved on meanwhile: a stranger is let in whenever. */
async function checkMirror({ db, mirror, name }: Peer): Promise<void> {
  if (!mirror) return
  const end = performance.now() + HANDLER_PATIENCE
  for (;;) {
    const [told, view] = [linesOf(await mirror), await listOf(db.bee.snapshot())]
    const extra = told.filter(line => !view.includes(line))
    const missing = view.filter(line => !told.includes(line))
    if (extra.length + missing.length === 0) return
    if (performance.now() > end) {
      throw new Error(`${name}: the changes told of ${extra.join()} too much, and not of ${missing.join()}`)
    }
    await breathe()
  }
}

async function full(state: State) {
  const { local, hash } = state
  return {
    local: local.slice(0, 8),
    order: state.placements.map(lineOf),
    view: await listOf(state.view),
    hash
  }
}

function lineOf({ unit, applied, ...rest }: Omit<Place, 'tried' | 'mode'> & Judged): string {
  const tried = 'tried' in rest ? rest.tried : rest.verdict === 'try'
  return `${unit.writer.slice(0, 8)} ${unit.length} ${tried ? 'tried ' : ''}${applied ? 'applied' : 'skipped'}`
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
