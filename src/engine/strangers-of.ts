import type { Unit } from '../oplog/unit.ts'
import { Strangers } from '../sync/strangers.ts'
import type { Engine } from './engine.ts'
import type { AppendQueue } from './queue.ts'

/** The strangers that knock at one engine. */
export function strangersOf(
  engine: Engine,
  { queue, isWanted }: { queue: AppendQueue; isWanted: boolean }
): Strangers {
  return new Strangers({
    isTrying: () => isWanted && engine.roleOfLocal() === 'indexer',
    isMember: id => engine.linearizer.everMember(id) || id === engine.localId,
    knownLength: id => engine.linearizer.knownLength(id),
    open: id => {
      const isKnown = engine.writers.get(id) !== null
      const writer = engine.writers.ensure(id)
      // of one that was forgotten, what is in the order is not to be read again
      const last = engine.linearizer.find(id, engine.linearizer.knownLength(id))
      if (!isKnown && last) writer.beginAt(last)
      writer.onTrial = true
      writer.want(1)
      return writer
    },
    forget: id => engine.writers.forget(id),
    isReady: writer => engine.isReady(writer),
    removed: () => removedUnits(engine),
    wouldAcknowledge: unit => engine.wouldAcknowledge(unit),
    acknowledge: unit =>
      new Promise(resolve => {
        const settled = { resolve: () => resolve(true), reject: () => resolve(false) }
        queue.push({ values: [null], optimistic: false, ack: true, extra: unit, once: null, ...settled })
      }),
    position: () => engine.linearizer.length,
    kick: () => engine.cycle.kick()
  })
}

function* removedUnits({ linearizer, localId }: Engine): Iterable<Unit> {
  for (const { writer, role } of linearizer.members()) {
    if (role !== 'none' || writer === localId) continue
    const length = linearizer.knownLength(writer)
    const unit = length > linearizer.orderedLength(writer) ? linearizer.find(writer, length) : null
    if (unit?.optimistic) yield unit
  }
}
