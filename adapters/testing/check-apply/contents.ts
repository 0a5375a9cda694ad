import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import type { HyperbeeView } from '../../../src/index.ts'
import { compare } from '../model.ts'

/** A fingerprint of all keys with their values. */
export class Fingerprint {
  readonly #sum = b4a.alloc(32)
  keys = 0

  static async of(view: HyperbeeView): Promise<Fingerprint> {
    const print = new Fingerprint()
    for await (const { key, value } of view.createReadStream()) print.#put(key, value)
    return print
  }

  get text(): string {
    return b4a.toString(this.#sum, 'hex')
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    const length = b4a.alloc(4)
    new DataView(length.buffer, length.byteOffset).setUint32(0, key.byteLength)
    const hash = crypto.hash([this.#sum, length, key, value])
    this.#sum.set(hash)
    this.keys++
  }
}

export interface Difference {
  readonly key: Uint8Array
  readonly expected: Uint8Array | null
  readonly actual: Uint8Array | null
}

/** Walks both views side by side. */
export async function* differences(expected: HyperbeeView, actual: HyperbeeView): AsyncGenerator<Difference> {
  const [left, right] = [entriesOf(expected), entriesOf(actual)]
  let [one, other] = [await left.next(), await right.next()]
  while (!one.done || !other.done) {
    const side = one.done ? 1 : other.done ? -1 : compare(one.value.key, other.value.key)
    const [a, b] = [side <= 0 && !one.done ? one.value : null, side >= 0 && !other.done ? other.value : null]
    const isSame = a !== null && b !== null && compare(a.value, b.value) === 0
    if (!isSame)
      yield { key: (a ?? b)?.key as Uint8Array, expected: a?.value ?? null, actual: b?.value ?? null }
    if (a) one = await left.next()
    if (b) other = await right.next()
  }
}

interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

async function* entriesOf(view: HyperbeeView): AsyncGenerator<Entry, undefined> {
  for await (const entry of view.createReadStream()) yield entry
}
