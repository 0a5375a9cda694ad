import b4a from 'b4a'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import { hexOfKey } from '../common/keys.ts'

/** A value that does something; all others go to the log. */
export interface Operations {
  readonly put?: Record<string, unknown>
  readonly del?: readonly string[]
  readonly addWriter?: string
  /** With `addWriter`: may it also fix the order (default true)? */
  readonly indexer?: boolean
  readonly removeWriter?: string
  /** May everybody who has the key write? */
  readonly open?: boolean
}

/** What a stranger asks by, in an optimistic append; granted when the database is open. */
export const LET_ME_IN = { letMeIn: true }

const OPEN = b4a.from('config/open')
const NAMES = ['put', 'del', 'addWriter', 'indexer', 'removeWriter', 'open']

/** The operations in a value; null when it is a plain one; a sentence when it means to be one and is wrong. */
export function readOperations(value: unknown): Operations | string | null {
  if (!isObject(value) || !Object.keys(value).some(name => NAMES.includes(name) && name !== 'indexer'))
    return null
  const stranger = Object.keys(value).find(name => !NAMES.includes(name))
  if (stranger !== undefined) return `"${stranger}" does not go with ${Object.keys(value)[0]}.`
  const { put, del, addWriter, indexer, removeWriter, open } = value
  if (put !== undefined && !isObject(put)) return '"put" takes keys with values: {"put":{"key":"value"}}.'
  if (put && Object.values(put).includes(null))
    return '"put" takes no null; remove a key with {"del":["key"]}.'
  if (del !== undefined && !(Array.isArray(del) && del.every(key => typeof key === 'string')))
    return '"del" takes a list of keys: {"del":["key"]}.'
  for (const [name, key] of Object.entries({ addWriter, removeWriter })) {
    if (key !== undefined && hexOfKey(key) === null)
      return `"${name}" takes the key that the other peer prints: {"${name}":"64 hex digits"}.`
  }
  if (indexer !== undefined && (typeof indexer !== 'boolean' || addWriter === undefined))
    return '"indexer" goes with "addWriter" and is true or false.'
  if (open !== undefined && typeof open !== 'boolean') return '"open" takes true or false.'
  return value as Operations
}

/** What the entries of all writers make together: the same on every peer. */
export async function apply(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  for (const node of nodes) {
    const value: unknown = node.value
    if (isObject(value) && value.letMeIn === true) {
      if (node.optimistic && (await isOpen(view))) {
        host.ackWriter(node.key)
        host.addWriter(node.key, { isIndexer: false })
      }
      continue
    }
    const operations = readOperations(value)
    const batch = view.write()
    if (operations === null || typeof operations === 'string')
      batch.tryPut(await nextLogKey(view), encode(value))
    else applyOperations(operations, { batch, host })
    await batch.flush()
  }
}

/** May everybody who has the key write? */
export async function isOpen(view: HyperbeeView): Promise<boolean> {
  const node = await view.get(OPEN)
  return node !== null && b4a.toString(node.value) === 'true'
}

function applyOperations(
  operations: Operations,
  { batch, host }: { batch: ReturnType<HyperbeeView['write']>; host: Host }
): void {
  const { put = {}, del = [], addWriter, indexer, removeWriter, open } = operations
  for (const [key, value] of Object.entries(put)) batch.tryPut(b4a.from(key), encode(value))
  for (const key of del) batch.tryDelete(b4a.from(key))
  if (open !== undefined) batch.tryPut(OPEN, encode(open))
  const added = hexOfKey(addWriter)
  if (added) host.addWriter(added, { isIndexer: indexer !== false })
  const removed = hexOfKey(removeWriter)
  if (removed) host.removeWriter(removed)
}

/** `log/00000001`, `log/00000002`, …: numbered in the agreed order, so a merge may renumber. */
async function nextLogKey(view: HyperbeeView): Promise<Uint8Array> {
  const range = { gte: b4a.from('log/0'), lt: b4a.from('log/:'), reverse: true }
  for await (const { key } of view.createReadStream(range)) {
    const [, number] = /^log\/(\d{8})$/.exec(b4a.toString(key)) ?? []
    if (number) return logKey(Number(number) + 1)
  }
  return logKey(1)
}

function logKey(number: number): Uint8Array {
  return b4a.from(`log/${String(number).padStart(8, '0')}`)
}

function encode(value: unknown): Uint8Array {
  return b4a.from(JSON.stringify(value))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
