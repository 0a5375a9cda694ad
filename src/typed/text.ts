import b4a from 'b4a'
import { AutobeeError } from '../errors.ts'

/** How deep objects and arrays may be nested. Engines differ in what they parse beyond, and peers must not. */
const MAX_DEPTH = 1000

const SURROGATE = /\p{Surrogate}/u

/** Strict: what is no UTF-8 must not become some other string, nor a mark at its start be dropped. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Half of a surrogate pair has no UTF-8: written as U+FFFD it would be another string, and two keys would be one. */
export function isText(text: string): boolean {
  return !SURROGATE.test(text)
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function encodeText(text: string): Uint8Array {
  if (isText(text)) return b4a.from(text)
  throw new AutobeeError('INVALID_ARGUMENT', 'the string has half of a surrogate pair: UTF-8 cannot hold it')
}

/** @throws TypeError */
export function decodeText(bytes: Uint8Array): string {
  return DECODER.decode(bytes)
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function encodeJson(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) {
    throw new AutobeeError('INVALID_ARGUMENT', "JSON does not hold bytes; set the encoding 'binary'")
  }
  const text = JSON.stringify(value)
  if (text === undefined) {
    throw new AutobeeError('INVALID_ARGUMENT', 'JSON cannot hold undefined, functions or symbols')
  }
  checkDepth(text)
  return b4a.from(text)
}

/** @throws Error */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes)
  checkDepth(text)
  return JSON.parse(text)
}

function checkDepth(text: string): void {
  // what is nested deeper takes more than that
  if (text.length <= 2 * MAX_DEPTH) return
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]
    if (letter === '"') i = endOfString(text, i)
    else if (letter === '[' || letter === '{') depth++
    else if (letter === ']' || letter === '}') depth--
    if (depth > MAX_DEPTH) {
      throw new AutobeeError('INVALID_ARGUMENT', `JSON is nested at most ${MAX_DEPTH} deep`)
    }
  }
}

/** Index of the quote that ends the string which begins at `start`; the text's end without one. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0
  while (text[index - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}
