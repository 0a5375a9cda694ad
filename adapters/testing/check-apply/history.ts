import { type Autobee, AutobeeError, type HyperbeeView, type OrderedUnit } from '../../../src/index.ts'
import { hexOf } from '../../../src/keys.ts'

/** What is read of a database that is checked, and of its replays. */
export type Checked = Pick<
  Autobee,
  | 'bee'
  | 'close'
  | 'closed'
  | 'key'
  | 'on'
  | 'order'
  | 'orderLength'
  | 'ready'
  | 'stats'
  | 'store'
  | 'update'
  | 'updated'
  | 'views'
>

/** One unit, without its values. */
export interface PastUnit {
  /** Hex. */
  readonly writer: string
  readonly start: number
  readonly length: number
}

/** One position of the order, and what came of the unit there. */
export interface PastPosition extends PastUnit {
  readonly verdict: OrderedUnit['verdict']
  /** Roles that it gave or took, as text. */
  readonly roles: string
}

/** What a database consists of at a moment. */
export interface Past {
  readonly key: Uint8Array
  readonly order: readonly PastPosition[]
  /** The order, and behind it what is known without being ordered: it may have steered the order. */
  readonly units: readonly PastUnit[]
  /** Own units of a stranger, which nobody has let in: they show in this view alone, and are left out above. */
  readonly tentative: number
  readonly view: HyperbeeView
}

/**
 * Reads the order and takes the view that belongs to it, while the database goes on.
 * @throws AutobeeError `CLOSED`, `APPLY_FAILED`, `WAITING` (reason `INTERRUPTED`, or `BLOCKS`: entries of the order are not in
 *   the store)
 */
export async function readPast(db: Checked): Promise<Past> {
  for (;;) {
    await db.updated()
    const before = stateOf(db)
    const view = db.bee.snapshot() as HyperbeeView
    const order: PastPosition[] = []
    let tentative = 0
    for await (const unit of db.order()) {
      if (!unit.isHere) throw missing(unit)
      if (unit.isTentative) tentative++
      else order.push(toPosition(unit))
    }
    const waiting = await readWaiting(db)
    // read piece by piece: only what nothing has happened to meanwhile belongs together
    if (stateOf(db) !== before) continue
    return { key: db.key as Uint8Array, order, units: [...order, ...waiting], tentative, view }
  }
}

/** Units without a role's blessing that the order knows all the same. @throws AutobeeError `APPLY_FAILED`, `WAITING` */
async function readWaiting(db: Checked): Promise<PastUnit[]> {
  const units: PastUnit[] = []
  const ended = new Set<string>()
  for await (const { key, start, length, reason } of db.order({ waiting: true })) {
    if (reason === 'APPLY_FAILED')
      throw new AutobeeError('APPLY_FAILED', 'apply has failed on an entry of this database; repair it first')
    if (reason === 'INTERRUPTED') {
      const message = 'apply has interrupted an entry of this database: the order ends in the middle'
      throw new AutobeeError('WAITING', message, { reason })
    }
    const writer = hexOf(key)
    if (reason !== 'NOT_A_WRITER') ended.add(writer)
    if (!ended.has(writer)) units.push({ writer, start, length })
  }
  return units
}

/** The order as it has become in a replay. */
export async function readOrder(db: Checked): Promise<PastPosition[]> {
  const order: PastPosition[] = []
  for await (const unit of db.order()) if (!unit.isTentative) order.push(toPosition(unit))
  return order
}

/** The first position where the two orders are not the same; null when there is none. */
export function firstOther(a: readonly PastPosition[], b: readonly PastPosition[]): number | null {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [one, other] = [a[i], b[i]]
    const isSame =
      one?.writer === other?.writer &&
      one?.length === other?.length &&
      one?.verdict === other?.verdict &&
      one?.roles === other?.roles
    if (!isSame) return i
  }
  return null
}

function toPosition({ key, start, length, verdict, roles }: OrderedUnit): PastPosition {
  const given = roles.map(({ key, role }) => `${hexOf(key)} ${role}`).join(', ')
  return { writer: hexOf(key), start, length, verdict, roles: given }
}

/** Every write moves one of these lengths. */
function stateOf(db: Checked): string {
  const lengths = db.views().map(({ length }) => length)
  return [...lengths, db.orderLength, db.bee.head()?.length ?? 0].join('/')
}

function missing({ key, length }: OrderedUnit): AutobeeError {
  const message = `entry ${length} of writer ${hexOf(key)} is not in the store`
  return new AutobeeError('WAITING', message, { reason: 'BLOCKS' })
}
