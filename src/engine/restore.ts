import { AutobeeError } from '../errors.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import type { Base, Linearizer } from '../order/index.ts'
import type { OrderHashes } from '../system/order-hash.ts'
import type { Placed } from '../system/segment.ts'
import { withLiveLinks } from './links.ts'
import type { WriterSet } from './writers.ts'

export interface RestoreOptions {
  /** What the linearizer begins with. */
  readonly base: Base<Unit> | null
  /** What follows, as far as it was stored. */
  readonly placed: readonly Placed[]
  readonly linearizer: Linearizer<Unit>
  readonly hashes: OrderHashes
  readonly writers: WriterSet
  readonly localId: string
  /** Length of the local oplog: all of it is read, also what a flush in the middle of a merge left out of the order. */
  readonly localLength: number
  /** Other writers whose oplogs this store may hold. */
  readonly known: readonly string[]
  readonly latest: number
  readonly maxClockDrift: number
}

/**
 * Rebuilds the end of the order from the stored index and the oplogs. All units that are here go into the linearizer before
 * the stored results are used again, so that a flush in the middle of a merge is continued rather than trusted. Those that
 * may belong before the base wait for the first cycle.
 * Returns the number of positions whose stored results still hold; the view is to be undone to there.
 * @throws AutobeeError `STORE_CORRUPT` when an entry that the index names is not in its oplog
 */
export async function restore(options: RestoreOptions): Promise<number> {
  const { base, placed, linearizer, writers } = options
  const lengths = new Map<string, number>()
  for (const { writer, last } of base?.lanes ?? []) if (last) writers.ensure(writer).beginAt(last)
  for (const { writer, length } of placed) lengths.set(writer, Math.max(lengths.get(writer) ?? 0, length))
  for (const id of options.known) if (!lengths.has(id)) lengths.set(id, 0)
  lengths.set(options.localId, options.localLength)
  const oplogs = [...lengths].map(([id, length]) => {
    const writer = writers.ensure(id)
    writer.want(Math.max(length, 1))
    return writer
  })
  await Promise.all(oplogs.map(writer => writer.ready()))
  // what steers the order without being in it counts too
  for (const writer of oplogs) writer.want(writer.available)
  for (const unit of placed) {
    const known = await takeNext(writers.ensure(unit.writer), unit)
    // read again if an undo needs them: a long history must not fill the memory
    known.values = null
    // what it was ordered without, because a writer had forked its oplog
    linearizer.addLater(withLiveLinks(known, linearizer))
  }
  const admission = { ...options, mayReorder: true, limit: Number.POSITIVE_INFINITY }
  for (let isDone = false; !isDone; ) {
    const before = readSoFar(oplogs)
    await Promise.all(oplogs.map(writer => writer.read()))
    const { added } = await writers.admit(admission)
    isDone = added === 0 && readSoFar(oplogs) === before
  }
  return replay(options)
}

function readSoFar(oplogs: readonly WriterCore[]): number {
  return oplogs.reduce((sum, writer) => sum + writer.readLength, 0)
}

async function takeNext(writer: WriterCore, placed: Placed): Promise<Unit> {
  for (let before = -1; writer.pending.length === 0 && before < writer.readLength; ) {
    before = writer.readLength
    await writer.read()
  }
  const unit = writer.pending.shift()
  if (unit && unit.start === placed.start && unit.length === placed.length) return unit
  const where = `entry ${placed.length} of writer ${placed.writer}`
  throw new AutobeeError('STORE_CORRUPT', `${where} is in the order index but not in its oplog`)
}

/** Uses stored results as long as the rule gives the same units with the same say. */
function replay({ placed, linearizer, hashes }: RestoreOptions): number {
  linearizer.settle()
  for (const stored of placed) {
    const placement = linearizer.next()
    if (!placement) break
    const { unit, verdict } = placement
    const isSame =
      unit.writer === stored.writer &&
      unit.length === stored.length &&
      (verdict === 'try') === stored.tried &&
      (verdict !== 'skip' || !stored.applied)
    if (!isSame) {
      linearizer.cancel()
      break
    }
    linearizer.done(stored)
    hashes.push(unit, stored.applied)
  }
  return linearizer.length
}
