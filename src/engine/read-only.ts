import b4a from 'b4a'
import Hyperbee from 'hyperbee2'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { type Head, hexOf } from '../keys.ts'
import type { OrderSource } from '../listing/place.ts'
import { sourceOfCopy } from '../listing/source-of.ts'
import type { Role } from '../order/index.ts'
import { type Boot, readBoot } from '../system/boot.ts'
import { cacheBlocks } from './block-cache.ts'
import type { EngineOptions } from './engine-options.ts'
import { HISTORY_LIMITS } from './history.ts'
import { checkOrigin, readStoredOrder } from './opening.ts'

/** A writer as the stored order knows it. */
export interface StoredWriter {
  readonly key: Uint8Array
  /** Its entries that are ordered. */
  readonly length: number
  readonly role: Role
}

type ReadOnlyOptions = Pick<EngineOptions, 'cores' | 'key' | 'encrypted' | 'codec'>

/** What a store that cannot be written to shows: the database as it was last flushed. Writes nothing, applies nothing. */
export class ReadOnlyCopy {
  /** The view's tree. */
  readonly bee: Hyperbee
  readonly oplog: Hypercore
  readonly writers: readonly StoredWriter[]
  /** The order as it was last flushed. */
  readonly order: OrderSource
  readonly #system: Hyperbee

  private constructor(parts: {
    bee: Hyperbee
    system: Hyperbee
    oplog: Hypercore
    writers: StoredWriter[]
    order: OrderSource
  }) {
    this.bee = parts.bee
    this.oplog = parts.oplog
    this.writers = parts.writers
    this.order = parts.order
    this.#system = parts.system
  }

  /** @throws AutobeeError `STORE_READONLY` when the store has no copy of the database, and what an engine's opening throws */
  static async open(options: ReadOnlyOptions): Promise<ReadOnlyCopy> {
    const { cores, key } = options
    const { system, boot } = await openSystem(options)
    const oplog = cores.writer(boot.local)
    await oplog.ready()
    await checkOrigin(options, oplog)
    const view = await cores.view(key, { createIfMissing: false })
    const bee = new Hyperbee(cores.store, { core: view })
    const tree = new Hyperbee(cores.store, { core: system })
    cacheBlocks(bee)
    await Promise.all([bee.ready(), tree.ready()])
    bee.move({ length: boot.viewHead, writable: false })
    tree.move({ length: boot.systemHead, writable: false })
    const { record, placed } = await readStoredOrder(tree, { boot, limits: HISTORY_LIMITS })
    const base = record?.base.position ?? 0
    const order = sourceOfCopy({ base, placed, systemHead: boot.systemHead, localId: hexOf(boot.local) })
    const roles = new Map<string, Role>([[hexOf(key), 'indexer']])
    const lengths = new Map<string, number>()
    for (const { writer, last, isMember, role } of record?.base.lanes ?? []) {
      if (last) lengths.set(writer, last.length)
      if (isMember) roles.set(writer, role)
    }
    for (const { writer, length, changes } of placed) {
      lengths.set(writer, length)
      for (const change of changes) roles.set(change.writer, change.role)
    }
    const writers = [...roles].map(([id, role]) => ({
      key: b4a.from(id, 'hex'),
      length: lengths.get(id) ?? 0,
      role
    }))
    return new ReadOnlyCopy({ bee, system: tree, oplog, writers, order })
  }

  views(): Head[] {
    return [this.#system, this.bee].map(bee => ({ key: bee.core.key, length: bee.head()?.length ?? 0 }))
  }
}

async function openSystem({ cores, key }: ReadOnlyOptions): Promise<{ system: Hypercore; boot: Boot }> {
  try {
    const system = await cores.system(key, { createIfMissing: false })
    const boot = await readBoot(system)
    if (boot) return { system, boot }
  } catch (error) {
    if (AutobeeError.is(error)) throw error
    throw noCopy(error)
  }
  throw noCopy()
}

function noCopy(cause?: unknown): AutobeeError {
  const hint = 'this read-only store has no copy of the database; open it writable once'
  return new AutobeeError('STORE_READONLY', hint, { cause })
}
