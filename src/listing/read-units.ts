import type Hypercore from 'hypercore'
import { readBlocks } from '../engine/core-internals.ts'
import type { DatabaseCores } from '../engine/cores.ts'
import { toAutobeeError } from '../errors.ts'
import { fromHex } from '../keys.ts'
import { type Unit, UnitAssembler } from '../oplog/unit.ts'
import type { Codec } from '../value-encoding.ts'
import type { Known, OrderedPlace, Place, WaitingPlace } from './place.ts'
import type { ListedUnit, OrderedUnit, SkipReason, WaitingUnit } from './types.ts'

/** Most units, and most entries unless one unit has more, that are read at a time. */
export const PIECE = { units: 64, entries: 512 }

/** Splits places into pieces that are read one after the other. */
export function* pieces<P extends Known>(places: readonly P[]): Iterable<P[]> {
  let piece: P[] = []
  let entries = 0
  for (const place of places) {
    const size = place.length - place.start
    if (piece.length > 0 && (piece.length >= PIECE.units || entries + size > PIECE.entries)) {
      yield piece
      piece = []
      entries = 0
    }
    piece.push(place)
    entries += size
  }
  if (piece.length > 0) yield piece
}

/**
 * The units of one piece, from the oplogs in the store; nobody is asked for what is not here.
 * @throws AutobeeError `STORE_CORRUPT` when an entry cannot be decoded
 */
export async function readUnits<P extends Place>(
  places: readonly P[],
  { cores, codec }: { cores: DatabaseCores; codec: Codec }
): Promise<(P extends OrderedPlace ? OrderedUnit : WaitingUnit)[]> {
  const byWriter = new Map<string, P[]>()
  for (const place of places) {
    const list = byWriter.get(place.writer)
    if (list) list.push(place)
    else byWriter.set(place.writer, [place])
  }
  const found = new Map<Place, Unit>()
  const reads = [...byWriter].map(async ([writer, list]) => {
    const core = cores.writer(fromHex(writer), { active: false })
    try {
      await core.ready()
      for (const place of list) {
        const unit = await readUnit(core, place)
        if (unit) found.set(place, unit)
      }
    } finally {
      await core.close()
    }
  })
  const ends = await Promise.allSettled(reads)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return places.map(place => listed(place, { unit: found.get(place) ?? null, codec })) as never
}

async function readUnit(core: Hypercore, { start, length, unit: known }: Known): Promise<Unit | null> {
  if (known?.values) return known
  const assembler = new UnitAssembler({ key: core.key, length: start, timestamp: 0 })
  let unit: Unit | null = null
  for (const block of await readBlocks(core, start, length)) {
    if (!block) return null
    try {
      unit = assembler.push(block)
    } catch (error) {
      throw toAutobeeError(error, {
        code: 'STORE_CORRUPT',
        message: 'an entry of the order cannot be read again'
      })
    }
  }
  return unit
}

function listed(
  place: Place,
  { unit, codec }: { unit: Unit | null; codec: Codec }
): OrderedUnit | WaitingUnit {
  const { writer, start, length } = place
  const facts = unit ?? place.unit
  const values = unit && decode(unit, codec)
  const common: ListedUnit = {
    key: fromHex(writer),
    start,
    length,
    timestamp: facts?.timestamp ?? null,
    links: (facts?.links ?? []).map(link => ({ key: fromHex(link.writer), length: link.length })),
    optimistic: facts?.optimistic ?? (place.position !== null && place.tried),
    ack: facts?.ack === true,
    isHere: unit !== null,
    values
  }
  return place.position === null
    ? waitingUnit(common, place)
    : orderedUnit(common, { place, isInvalid: unit !== null && values === null })
}

function orderedUnit(
  common: ListedUnit,
  { place, isInvalid }: { place: OrderedPlace; isInvalid: boolean }
): OrderedUnit {
  const { position, isTentative, applied, changes } = place
  return {
    ...common,
    state: 'ordered',
    position,
    isTentative,
    verdict: applied ? 'applied' : 'skipped',
    reason: applied ? null : (place.reason ?? reasonFrom(common, { place, isInvalid })),
    roles: changes.map(({ writer, role }) => ({ key: fromHex(writer), role }))
  }
}

function waitingUnit(common: ListedUnit, { reason }: WaitingPlace): WaitingUnit {
  return { ...common, state: 'waiting', position: null, isTentative: false, verdict: null, reason, roles: [] }
}

/** What follows of what the store keeps: a member's unit is skipped for its values alone. */
function reasonFrom(
  { isHere, ack }: ListedUnit,
  { place, isInvalid }: { place: OrderedPlace; isInvalid: boolean }
): SkipReason {
  if (!isHere) return 'SKIPPED'
  if (place.tried) return isInvalid ? 'INVALID_VALUE' : ack ? 'NOT_ACKNOWLEDGED' : 'SKIPPED'
  if (!isInvalid) return 'NOT_A_WRITER'
  // its writer had a role, or it would be known by now; of what is not in memory not even that is known
  return place.unit ? 'INVALID_VALUE' : 'SKIPPED'
}

/** null when one of them is not what the value encoding makes. */
function decode(unit: Unit, codec: Codec): unknown[] | null {
  const values: unknown[] = []
  try {
    for (const value of unit.values ?? []) if (value !== null) values.push(codec.decode(value))
  } catch {
    // that is what the answer says
    return null
  }
  return values
}
