import { keyOf } from './key-text.ts'
import { LIMITS } from './limits.ts'
import type { Op } from './ops.ts'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const name: Check = value => isText(value, LIMITS.name)
const title: Check = value => isText(value, LIMITS.title)
const text: Check = value => isText(value, LIMITS.text)
const note: Check = value => isString(value, LIMITS.note)
const newId: Check = value => isId(value, LIMITS.newId)
const id: Check = value => isId(value, LIMITS.id)
const key: Check = value => keyOf(value) !== null
const flag: Check = value => typeof value === 'boolean'
const any: Check = () => true

/** What each op needs. A `place` may be anything: without a good one there is a default. */
const NEEDED: Readonly<Record<Op['op'], Fields>> = {
  board: { name },
  list: { id: newId },
  unlist: { id },
  item: { id: newId, list: id, text },
  edit: { id },
  settle: { id, version: id },
  move: { id, list: id },
  remove: { id },
  restore: { id },
  purge: { id },
  me: { name },
  ask: { name },
  join: { name, invite: key, signature: value => isString(value, 128) },
  invite: { publicKey: key, label: value => isString(value, LIMITS.name) },
  uninvite: { publicKey: key },
  admit: { key },
  refuse: { key },
  expel: { key }
}

/** What may be there too. */
const ALLOWED: Readonly<Partial<Record<Op['op'], Fields>>> = {
  list: { title, place: any, was: any },
  item: { place: any },
  edit: { text, note, done: flag, was: any },
  move: { place: any },
  invite: { indexer: flag },
  admit: { indexer: flag }
}

/** The op that a value is, null when it is none. Takes any value, and never throws. */
export function parseOp(value: unknown): Op | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const given = value as Record<string, unknown>
  const kind = given.op
  if (typeof kind !== 'string' || !Object.hasOwn(NEEDED, kind)) return null
  const op = kind as Op['op']
  for (const [field, check] of Object.entries(NEEDED[op])) if (!check(given[field])) return null
  for (const [field, check] of Object.entries(ALLOWED[op] ?? {}))
    if (given[field] !== undefined && !check(given[field])) return null
  // one `was` cannot be about both
  if (op === 'edit' && given.text !== undefined && given.note !== undefined) return null
  return given as unknown as Op
}

/** Of ids that one makes up. */
export function isId(value: unknown, most: number = LIMITS.newId): value is string {
  return typeof value === 'string' && value.length <= most && /^[A-Za-z0-9_-]+$/.test(value)
}

/** Is it a string with something to see, and not too long? */
function isText(value: unknown, most: number): boolean {
  return isString(value, most) && (value as string).trim() !== ''
}

function isString(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length <= most
}
