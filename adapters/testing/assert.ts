import { AutobeeError, type AutobeeErrorCode } from '../../src/index.ts'

/** Throws when the two differ; lists and plain objects are compared by what they hold. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [was, should] = [show(actual), show(expected)]
  if (was !== should) throw new Error(`${what}: expected ${short(should)}, got ${short(was)}`)
}

/** The comparison of {@link same}. */
export function isEqual(a: unknown, b: unknown): boolean {
  return show(a) === show(b)
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected: ${what}`)
}

/** Throws unless the work rejects, or throws, with this code. */
export async function failsWith(
  code: AutobeeErrorCode,
  work: () => unknown,
  what: string
): Promise<AutobeeError> {
  let result: unknown
  try {
    result = await work()
  } catch (error) {
    if (AutobeeError.is(error, code)) return error
    throw new Error(`${what}: expected ${code}, got ${String(error)}`, { cause: error })
  }
  throw new Error(`${what}: expected ${code}, but it gave ${short(show(result))}`)
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([name, one]) => `${name}: ${show(one)}`)
    .join(', ')} }`
}

function short(text: string): string {
  return text.length > 600 ? `${text.slice(0, 300)} … ${text.slice(-300)}` : text
}

export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
