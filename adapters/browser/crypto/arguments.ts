/** The arguments of sodium-native: any view of bytes, often of one length. */

export const NOTHING = new Uint8Array(0)

/** The bytes of a view. Throws when it is none, or is not `length` bytes long. */
export function bytes(view: ArrayBufferView, name: string, length?: number): Uint8Array {
  if (!ArrayBuffer.isView(view)) throw new TypeError(`${name} must be a typed array`)
  if (length !== undefined && view.byteLength !== length)
    throw new RangeError(`${name} must be ${length} bytes`)
  if (view instanceof Uint8Array) return view
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** As {@link bytes}; none for what may be left out. */
export function optional(view: ArrayBufferView | null | undefined, name: string): Uint8Array {
  return view ? bytes(view, name) : NOTHING
}

export function within(length: number, name: string, [least, most]: readonly [number, number]): void {
  if (length < least || length > most) throw new RangeError(`${name} must be ${least} to ${most} bytes`)
}

export function succeed(status: number, what: string): void {
  if (status !== 0) throw new Error(`${what} failed (status ${status})`)
}
