import { NotBytes } from './pages.ts'

/** Bytes alike in a row that are worth a token. */
const SHORTEST = 16

/** What a 16-bit length can say. */
const LONGEST = 0xffff

/** Length of the bytes as they are, then, after them: how many bytes alike follow, and which. */
const TOKEN = 5

/**
 * Run lengths: the bitfields that every append of a Hypercore writes anew are 4 KiB each and nearly all zeros or ones, and
 * what IndexedDB takes for a record grows with its bytes: 8 KiB cost three times what 1 KiB does.
 */
export function shorten(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const short = new Uint8Array(bytes.length + TOKEN * (2 + Math.ceil(bytes.length / LONGEST)))
  const view = new DataView(short.buffer)
  let to = 0
  let from = 0
  const put = (end: number, run: number) => {
    view.setUint16(to, end - from)
    short.set(bytes.subarray(from, end), to + 2)
    to += 2 + end - from
    view.setUint16(to, run)
    short[to + 2] = run > 0 ? (bytes[end] as number) : 0
    to += 3
    from = end + run
  }
  for (let at = 0; at < bytes.length; ) {
    const run = runAt(bytes, at)
    if (run >= SHORTEST) put(at, run)
    else if (at + run - from > LONGEST) put(from + LONGEST, 0)
    at = Math.max(at + run, from)
  }
  put(bytes.length, 0)
  return short.slice(0, to)
}

export function lengthen(short: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(short.buffer, short.byteOffset, short.byteLength)
  const parts: { from: number; literal: number; run: number }[] = []
  let length = 0
  for (let at = 0; at < short.length; ) {
    if (at + TOKEN > short.length) throw new NotBytes()
    const literal = view.getUint16(at)
    if (at + TOKEN + literal > short.length) throw new NotBytes()
    const run = view.getUint16(at + 2 + literal)
    parts.push({ from: at + 2, literal, run })
    length += literal + run
    at += TOKEN + literal
  }
  const bytes = new Uint8Array(length)
  let to = 0
  for (const { from, literal, run } of parts) {
    bytes.set(short.subarray(from, from + literal), to)
    bytes.fill(short[from + literal + 2] as number, to + literal, to + literal + run)
    to += literal + run
  }
  return bytes
}

function runAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  const end = Math.min(bytes.length, at + LONGEST)
  let next = at + 1
  while (next < end && bytes[next] === byte) next++
  return next - at
}
