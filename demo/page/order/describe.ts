import type { OrderedUnit, WaitingUnit } from '../../../src/index.ts'

type Unit = OrderedUnit | WaitingUnit

export interface Words {
  /** What an item or a list is called, by its id; null when that is not known here. */
  titleOf(id: string): string | null
  /** What a writer is called, by the key as text. */
  nameOf(writer: string): string
  /** The class that sets `--writer` to a writer's colour. */
  colourOf(writer: string): string
}

/** Longer texts are cut in the picture. */
const MOST = 60

/** What an op says, as the rest of a sentence that begins with its writer's name. Whatever the value is. */
export function describe(value: unknown, words: Words): string {
  const op = value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  const thing = quoted(typeof op.id === 'string' ? words.titleOf(op.id) : null)
  const person = typeof op.key === 'string' ? words.nameOf(op.key) : 'somebody'
  switch (op.op) {
    case 'board':
      return `named the board ${quoted(op.name)}`
    case 'list':
      if (typeof op.title !== 'string') return `moved the list ${thing}`
      if (typeof op.was !== 'string') return `made the list ${quoted(op.title)}`
      return `renamed the list ${quoted(op.was)} to ${quoted(op.title)}`
    case 'unlist':
      return `put the list ${thing} into the bin`
    case 'item':
      return `added ${quoted(op.text)}`
    case 'edit':
      return describeEdit(op, thing)
    case 'settle':
      return `dropped another version of ${thing}`
    case 'move':
      return `moved ${thing}`
    case 'remove':
      return `put ${thing} into the bin`
    case 'restore':
      return `took ${thing} out of the bin`
    case 'purge':
      return `deleted ${thing} for good`
    case 'me':
      return `is now called ${quoted(op.name)}`
    case 'ask':
      return `asked to join as ${quoted(op.name)}`
    case 'join':
      return `joined as ${quoted(op.name)}, by an invitation`
    case 'invite':
      return op.label ? `made an invitation for ${quoted(op.label)}` : 'made an invitation'
    case 'uninvite':
      return 'closed an invitation'
    case 'admit':
      return `let ${person} in`
    case 'refuse':
      return `turned ${person} down`
    case 'expel':
      return `removed ${person}`
    default:
      return 'wrote something that this page does not know'
  }
}

function describeEdit(op: Record<string, unknown>, thing: string): string {
  // what its editor saw: what the item is called now may be this very text
  if (typeof op.text === 'string') return `rewrote ${op.was ? quoted(op.was) : thing} as ${quoted(op.text)}`
  if (typeof op.note === 'string')
    return op.note ? `wrote a note on ${thing}` : `cleared the note of ${thing}`
  if (op.done === true) return `ticked off ${thing}`
  return op.done === false ? `unticked ${thing}` : `changed ${thing}`
}

/** A whole unit in one line. */
export function summarise(unit: Unit, words: Words): string {
  if (unit.ack) return 'confirmed the order so far'
  if (!unit.isHere) return 'wrote something that is not kept here'
  if (!unit.values) return 'wrote something that cannot be read'
  const [first] = unit.values
  const rest = unit.values.length - 1
  return `${describe(first, words)}${rest > 0 ? `, and ${rest} more` : ''}`
}

/** Why a unit has no effect, or not yet. */
export function reasonInWords({ state, reason }: Pick<Unit, 'state' | 'reason'>): string {
  switch (reason) {
    case 'NOT_A_WRITER':
      return state === 'waiting'
        ? 'Its writer is not a member. It waits until a member refers to it, or lets its writer in.'
        : 'Its writer was not a member at this place of the order.'
    case 'NOT_ACKNOWLEDGED':
      return 'It came from outside, and the board’s rules did not let it in.'
    case 'APPLY_FAILED':
      return state === 'waiting'
        ? 'The board stopped here: its rules failed on an entry.'
        : 'It came from outside, and the board’s rules failed on it.'
    case 'INVALID_VALUE':
      return 'What it holds is not a value that this board takes.'
    case 'SKIPPED':
      return 'It was skipped before this page was opened; why is not kept.'
    case 'CLOCK':
      return 'It is stamped with a time that is still to come: its writer’s clock runs ahead.'
    case 'LINKS':
      return 'It refers to entries that have not arrived yet.'
    case 'RECOVERING':
      return 'The rest of this device’s own log is being fetched first.'
    case 'INTERRUPTED':
      return 'The board’s rules put it off.'
    default:
      return state === 'waiting' ? 'It is about to be put in order.' : ''
  }
}

/** Titles as the ops that were seen give them: good enough where the board itself knows none. */
export class Titles {
  readonly #titles = new Map<string, string>()
  readonly #asked = new Set<string>()
  #version = 0

  /** Another one when an answer that was given is no longer right. */
  get version(): number {
    return this.#version
  }

  learn({ values }: Pick<Unit, 'values'>): void {
    for (const value of values ?? []) {
      if (value === null || typeof value !== 'object') continue
      const { id, text, title } = value as Record<string, unknown>
      const name = typeof text === 'string' ? text : title
      if (typeof id !== 'string' || typeof name !== 'string' || this.#titles.get(id) === name) continue
      this.#titles.set(id, name)
      if (this.#asked.has(id)) this.#version++
    }
  }

  get(id: string): string | null {
    this.#asked.add(id)
    return this.#titles.get(id) ?? null
  }
}

function quoted(text: unknown): string {
  if (typeof text !== 'string' || text === '') return 'something'
  const line = text.replace(/\s+/g, ' ').trim()
  const letters = [...line]
  return `“${letters.length > MOST ? `${letters.slice(0, MOST).join('')}…` : line}”`
}
