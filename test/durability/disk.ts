import b4a from 'b4a'
import Corestore from 'corestore'
import Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { expect } from 'vitest'
import { readBlocks } from '../../src/engine/core-internals.ts'
import { DatabaseCores } from '../../src/engine/cores.ts'
import type { Host } from '../../src/index.ts'
import { fromHex } from '../../src/keys.ts'
import { type Unit, UnitAssembler } from '../../src/oplog/unit.ts'
import { BOOT_KEY, type Boot, decodeBoot } from '../../src/system/boot.ts'
import { OrderHashes } from '../../src/system/order-hash.ts'
import type { Placed } from '../../src/system/segment.ts'
import { readOrder } from '../../src/system/tree.ts'
import { apply, type Op } from './apply.mjs'

/** A database as its store has it, read without the engine. */
export interface Disk {
  readonly boot: Boot
  readonly order: readonly Placed[]
  /** Every unit of the order as `writer/length`. */
  readonly places: readonly string[]
  readonly view: Map<string, string>
  /** Ids of the local oplog's values, one per entry ('' for an ack). */
  readonly local: readonly string[]
  /** Ids of the applied units' values, in order. */
  readonly ids: readonly string[]
  readonly fork: number
}

/**
 * Reads a store that nobody has open, and checks that all of it agrees: the boot record with the lengths of the own
 * cores, the order index with the oplogs, the rolling hash with the order, the view with a replay of the order from
 * nothing. null when the store has no database yet.
 */
export async function readDisk(dir: string, key: string): Promise<Disk | null> {
  const store = new Corestore(dir, { allowBackup: true })
  try {
    await store.ready()
    return await readStore(store, fromHex(key))
  } finally {
    await store.close()
  }
}

async function readStore(store: Corestore, key: Uint8Array): Promise<Disk | null> {
  const cores = new DatabaseCores(store, null)
  const [system, view] = [await cores.system(key), await cores.view(key)]
  const record = await system.getUserData(BOOT_KEY)
  if (!record) return null
  const boot = decodeBoot(record)
  const oplog = cores.writer(boot.local, { active: false })
  await oplog.ready()
  expect({ oplog: oplog.length, view: view.length, system: system.length }).toEqual({
    oplog: boot.oplogLength,
    view: boot.viewLength,
    system: boot.systemLength
  })
  const fork = Math.max(oplog.fork, view.fork, system.fork)
  expect(fork).toBe(0)

  const order = [
    ...(await readOrder(treeAt(store, system, boot.systemHead), { from: 0, to: boot.indexed })),
    ...boot.recent
  ]
  expect(order.length).toBe(boot.position)
  const units = await readUnits(cores, order)
  checkHash(boot, order, units)
  const replayed = await replay(key, order, units)
  const stored = await contents(treeAt(store, view, boot.viewHead))
  expect(stored).toEqual(replayed)
  expect([...stored].filter(([name, value]) => name.startsWith('id/') && value !== '1')).toEqual([])
  return {
    boot,
    order,
    places: order.map(({ writer, length }) => `${writer}/${length}`),
    view: stored,
    local: (await readAll(oplog)).flatMap(unit => (unit.values ?? []).map(idOf)),
    ids: order.flatMap((placed, i) => (placed.applied ? ((units[i] as Unit).values ?? []).map(idOf) : [])),
    fork
  }
}

function treeAt(store: Corestore, core: Hypercore, length: number): Hyperbee {
  const bee = new Hyperbee(store, { core: core.session({ writable: false }) as never })
  bee.move({ length, writable: false })
  return bee
}

/** The units of the order out of their oplogs: each writer's from its first on, none missing, none twice. */
async function readUnits(cores: DatabaseCores, order: readonly Placed[]): Promise<Unit[]> {
  const oplogs = new Map<string, Unit[]>()
  for (const { writer } of order) {
    if (oplogs.has(writer)) continue
    const core = cores.writer(fromHex(writer), { active: false })
    await core.ready()
    oplogs.set(writer, await readAll(core))
    await core.close()
  }
  const next = new Map<string, number>()
  const misplaced: unknown[] = []
  const units = order.map(placed => {
    const at = next.get(placed.writer) ?? 0
    next.set(placed.writer, at + 1)
    const unit = oplogs.get(placed.writer)?.[at] as Unit
    if (placed.start !== unit?.start || placed.length !== unit.length) misplaced.push([placed, unit])
    return unit
  })
  expect(misplaced).toEqual([])
  return units
}

async function readAll(core: Hypercore): Promise<Unit[]> {
  const assembler = new UnitAssembler({ key: core.key, length: 0, timestamp: 0 })
  const units: Unit[] = []
  for (const block of await readBlocks(core, 0, core.length)) {
    if (block === null) break
    const unit = assembler.push(block)
    if (unit) units.push(unit)
  }
  return units
}

function checkHash(boot: Boot, order: readonly Placed[], units: readonly Unit[]): void {
  const hashes = new OrderHashes()
  order.forEach((placed, i) => {
    hashes.push(units[i] as Unit, placed.applied)
  })
  expect(b4a.toString(hashes.at(order.length), 'hex')).toBe(b4a.toString(boot.orderHash, 'hex'))
}

async function replay(
  key: Uint8Array,
  order: readonly Placed[],
  units: readonly Unit[]
): Promise<Map<string, string>> {
  const map = new Map<string, string>()
  const host = { key, addWriter() {}, removeWriter() {}, ackWriter() {} } as unknown as Host
  for (const [i, placed] of order.entries()) {
    const unit = units[i] as Unit
    const nodes = (unit.values ?? []).flatMap((value, n) =>
      value === null ? [] : [{ ...unit, value, length: unit.start + n + 1 }]
    )
    if (placed.applied && nodes.length > 0) await apply(nodes as never, viewOf(map) as never, host)
  }
  return map
}

/** As much of a bee as `apply` uses, over a Map. */
function viewOf(map: Map<string, string>): object {
  return {
    async get(key: Uint8Array) {
      const value = map.get(b4a.toString(key))
      return value === undefined ? null : { key, value: b4a.from(value) }
    },
    write: () => ({
      tryPut: (key: Uint8Array, value: Uint8Array) => map.set(b4a.toString(key), b4a.toString(value)),
      tryDelete: (key: Uint8Array) => map.delete(b4a.toString(key)),
      async flush() {}
    })
  }
}

/** The whole view of a bee. */
export async function contents(bee: Pick<Hyperbee, 'createReadStream'>): Promise<Map<string, string>> {
  const map = new Map<string, string>()
  for await (const { key, value } of bee.createReadStream()) {
    map.set(b4a.toString(key as Uint8Array), b4a.toString(value as Uint8Array))
  }
  return map
}

function idOf(value: Uint8Array | null): string {
  return value === null ? '' : (JSON.parse(b4a.toString(value)) as Op).id
}
