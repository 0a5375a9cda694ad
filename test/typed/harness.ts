import b4a from 'b4a'
import type { Autobee, HyperbeeView, TypedBee, TypedEntry } from '../../src/index.ts'
import { op } from '../support/peers.ts'

/** Puts raw bytes, as the test databases' own `apply` does it. */
export async function put(db: Autobee, entries: Record<string, string>): Promise<void> {
  await db.append(op({ put: entries }))
}

export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

export async function keys<K, V>(stream: AsyncIterable<TypedEntry<K, V>>): Promise<K[]> {
  return (await all(stream)).map(({ key }) => key)
}

export interface RawPut {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** An `apply` whose values are lists of `[key in hex, value in hex or null]`: any bytes at all. */
export async function applyHex(nodes: { value: Uint8Array }[], view: HyperbeeView): Promise<void> {
  for (const { value } of nodes) {
    const batch = view.write()
    for (const [key, bytes] of JSON.parse(b4a.toString(value)) as [string, string | null][]) {
      if (bytes === null) batch.tryDelete(b4a.from(key, 'hex'))
      else batch.tryPut(b4a.from(key, 'hex'), b4a.from(bytes, 'hex'))
    }
    await batch.flush()
  }
}

export function hex(...puts: RawPut[]): string {
  return JSON.stringify(
    puts.map(({ key, value }) => [b4a.toString(key, 'hex'), value && b4a.toString(value, 'hex')])
  )
}

/** The next item, which has to come. */
export async function next<T>(items: AsyncIterator<T, unknown>): Promise<T> {
  const { done, value } = await items.next()
  if (done) throw new Error('it ended')
  return value as T
}

export type Bee = TypedBee<string, string>
