/** The values that are appended, the same for all that are compared, and what they mean. */
import b4a from 'b4a'

export interface Op {
  /** The value is put under this key. */
  readonly key?: string
  /** An oplog's key in hex. */
  readonly addWriter?: string
}

/** About 100 bytes; says which key it is put under. */
export function valueFor(key: string): Uint8Array {
  return b4a.from(JSON.stringify({ key, text: '-'.repeat(80 - key.length) }))
}

export function valuesFor(count: number, prefix = 'key'): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => valueFor(`${prefix} ${i}`))
}

export function encodeOp(op: Op): Uint8Array {
  return b4a.from(JSON.stringify(op))
}

export function decodeOp(value: Uint8Array): Op {
  return JSON.parse(b4a.toString(value))
}
