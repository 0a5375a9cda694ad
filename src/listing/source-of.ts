import type { Engine } from '../engine/engine.ts'
import type { Unit } from '../oplog/unit.ts'
import type { WriterCore } from '../oplog/writer.ts'
import type { Placement } from '../order/index.ts'
import type { Placed } from '../system/segment.ts'
import { type OrderedPlace, type OrderSource, placeBelow, type WaitingPlace } from './place.ts'
import type { SkipReason, WaitReason } from './types.ts'

/** The order of an open database, between two cycles or at the end of one that is whole. */
export function sourceOfEngine(
  engine: Engine,
  { systemHead, reasonOf }: { systemHead: number; reasonOf: (unit: Unit) => SkipReason | null }
): OrderSource {
  const { linearizer } = engine
  return {
    length: linearizer.length,
    base: linearizer.base,
    systemHead,
    at: position => orderedPlace(linearizer.at(position), reasonOf),
    positionOf: (writer, length) => linearizer.positionOf(writer, length),
    orderedLength: writer => linearizer.orderedLength(writer),
    waiting: () => waitingPlaces(engine)
  }
}

/** The order in a store that cannot be written to. */
export function sourceOfCopy(copy: {
  readonly base: number
  /** From the base on. */
  readonly placed: readonly Placed[]
  readonly systemHead: number
  readonly localId: string
}): OrderSource {
  const { base, placed, systemHead, localId } = copy
  // nobody but the local stranger's own stand at the end without a member's unit that let them in
  const tentative = placed.findLastIndex(({ writer, tried }) => !tried || writer !== localId) + 1
  const indexOf = (writer: string, length: number) =>
    placed.findIndex(one => one.writer === writer && one.start < length && length <= one.length)
  return {
    length: base + placed.length,
    base,
    systemHead,
    at(position) {
      const index = position - base
      return { ...placeBelow(placed[index] as Placed, position), isTentative: index >= tentative }
    },
    positionOf(writer, length) {
      const index = indexOf(writer, length)
      return index < 0 ? null : base + index
    },
    orderedLength: writer =>
      placed.findLast(one => one.writer === writer)?.length ?? Number.POSITIVE_INFINITY,
    waiting: () => []
  }
}

function orderedPlace(
  { unit, position, mode, verdict, applied, changes }: Placement<Unit>,
  reasonOf: (unit: Unit) => SkipReason | null
): OrderedPlace {
  const { writer, start, length } = unit
  const reason = applied ? null : verdict === 'skip' ? 'NOT_A_WRITER' : reasonOf(unit)
  const isTentative = mode === 'tentative'
  return {
    writer,
    start,
    length,
    unit,
    position,
    isTentative,
    applied,
    tried: verdict === 'try',
    changes,
    reason
  }
}

/** By writers, the units of each in order. */
function* waitingPlaces(engine: Engine): Iterable<WaitingPlace> {
  const { linearizer, writers } = engine
  const blocked = new Map(engine.blocked.map(({ writer, reason }) => [writer, reason]))
  for (const unit of linearizer.unordered()) {
    yield waitingPlace(unit, linearizer.roleOf(unit.writer) === 'none' ? 'NOT_A_WRITER' : stopped(engine))
  }
  for (const writer of writers) {
    const reason = blocked.get(writer.id) ?? reasonToHold(writer, engine)
    const known = linearizer.knownLength(writer.id)
    for (const unit of writer.pending) if (unit.length > known) yield waitingPlace(unit, reason)
  }
}

function reasonToHold(writer: WriterCore, engine: Engine): WaitReason | null {
  const stop = stopped(engine)
  if (stop) return stop
  if (writer.id === engine.localId) return 'RECOVERING'
  return engine.linearizer.roleOf(writer.id) === 'none' ? 'NOT_A_WRITER' : null
}

function stopped({ cycle }: Engine): WaitReason | null {
  if (cycle.state === 'failed') return 'APPLY_FAILED'
  return cycle.state === 'interrupted' ? 'INTERRUPTED' : null
}

function waitingPlace(unit: Unit, reason: WaitReason | null): WaitingPlace {
  const { writer, start, length } = unit
  return { writer, start, length, unit, position: null, reason }
}
