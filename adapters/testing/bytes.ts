import type {
  KeyValueCursor,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueRange,
  KeyValueReader
} from '../storage/key-value.ts'

export function bytes(...list: number[]): Uint8Array {
  return Uint8Array.from(list)
}

/** A key that sorts like its number. */
export function keyOf(number: number): Uint8Array {
  return bytes(number >>> 16, (number >>> 8) & 255, number & 255)
}

export function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

export function put(key: Uint8Array, value: Uint8Array): KeyValueEntry & { readonly type: 'put' } {
  return { type: 'put', key, value }
}

export function del(key: Uint8Array): KeyValueOperation {
  return { type: 'delete', key }
}

export function delRange(start: Uint8Array, end: Uint8Array): KeyValueOperation {
  return { type: 'delete-range', start, end }
}

export async function valueAt(reader: KeyValueReader, key: Uint8Array): Promise<Uint8Array | null> {
  const [value = null] = await reader.getMany([key])
  return value
}

/** All that is left of a cursor, which is closed then. Checks what `next` promises of how many it gives. */
export async function drain(cursor: KeyValueCursor, limit = 7): Promise<KeyValueEntry[]> {
  const all: KeyValueEntry[] = []
  for (;;) {
    const page = await cursor.next(limit)
    if (page.length > limit) throw new Error(`next(${limit}) gave ${page.length} entries`)
    if (page.length === 0) break
    all.push(...page)
  }
  cursor.close()
  return all
}

export function contents(reader: KeyValueReader, range: KeyValueRange = {}): Promise<KeyValueEntry[]> {
  return drain(reader.entries(range))
}

/** For what is not waited for at once: when a case fails in between, its rejection is nobody's. */
export function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}
