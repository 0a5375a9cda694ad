import b4a from 'b4a'
import type { Name, Sodium } from './calls.ts'
import { argumentsFor, NAMES, outcomeOf } from './outcome.ts'

const PER_NAME = 8

/** What each name gives for arguments that are the same everywhere: its result, and the arguments that it changed. */
export type Vectors = Record<string, readonly { result?: unknown; threw: boolean; changed: object }[]>

export function vectorsOf(sodium: Sodium): Vectors {
  const seeds = Array.from({ length: PER_NAME }, (_, seed) => seed)
  return Object.fromEntries(NAMES.map(name => [name, seeds.map(seed => vectorOf(sodium, { name, seed }))]))
}

function vectorOf(sodium: Sodium, { name, seed }: { name: Name; seed: number }) {
  const args = argumentsFor(name, { seed, sodium })
  const { result, threw, args: after } = outcomeOf(sodium, name, args)
  const changed = after.flatMap((value, i) =>
    value instanceof Uint8Array && !b4a.equals(value, args[i] as Uint8Array) ? [[i, shown(value)]] : []
  )
  return { ...(result === undefined ? {} : { result }), threw, changed: Object.fromEntries(changed) }
}

/** Of what is long, the length and both ends: small enough to be kept in a file. */
function shown(bytes: Uint8Array): string {
  if (bytes.byteLength <= 64) return b4a.toString(bytes, 'hex')
  const [first, last] = [bytes.subarray(0, 16), bytes.subarray(-16)].map(end => b4a.toString(end, 'hex'))
  return `${first} … ${last} (${bytes.byteLength} bytes)`
}
