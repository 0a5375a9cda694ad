import b4a from 'b4a'
import { CALLS, type Name, type Sodium } from './calls.ts'
import { createRandom } from './random.ts'

/** What a call did: what it gave, or that it threw, and what its arguments hold by then. */
export interface Outcome {
  readonly result: unknown
  readonly threw: boolean
  readonly args: readonly unknown[]
}

/** Calls a name with copies of the arguments. */
export function outcomeOf(sodium: Sodium, name: Name, args: readonly unknown[]): Outcome {
  const own = args.map(copy)
  const call = sodium[name] as (...args: readonly unknown[]) => unknown
  try {
    return { result: call(...own), threw: false, args: own }
  } catch {
    return { result: undefined, threw: true, args: own }
  }
}

export const NAMES = Object.keys(CALLS) as Name[]

/** Arguments of a name; those that `sodium` makes with chance (a sealed box) differ from time to time. */
export function argumentsFor(name: Name, { seed, sodium }: { seed: number; sodium: Sodium }) {
  const make = CALLS[name]
  if (!make) throw new Error(`there are no arguments for ${name}`)
  return make(createRandom(seed), sodium)
}

/** An outcome with its bytes as text: quickly compared, however long. */
export function readable({ result, threw, args }: Outcome) {
  return { result, threw, args: args.map(asText) }
}

function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText)
  return value instanceof Uint8Array ? b4a.toString(value, 'hex') : value
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  return value instanceof Uint8Array ? value.slice() : value
}
