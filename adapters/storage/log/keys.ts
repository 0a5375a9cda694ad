/**
 * A key as a string with one character per byte: engines keep it in one byte per character, and compare it as the contract
 * orders keys. An array of its own would take several times as much.
 */
export type KeyText = string

export function textOf(key: Uint8Array): KeyText {
  return String.fromCharCode.apply(null, key as unknown as number[])
}

export function bytesOf(text: KeyText): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
