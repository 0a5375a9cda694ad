/** Is a value what its place is for? */
export type Check = (value: unknown) => boolean

export const anything: Check = () => true
export const text: Check = value => typeof value === 'string'
export const flag: Check = value => typeof value === 'boolean'
export const bytes: Check = value => value instanceof Uint8Array
export const key: Check = value => value instanceof Uint8Array && value.byteLength === 32
/** A whole number from 0 on. */
export const count: Check = value => Number.isSafeInteger(value) && (value as number) >= 0

export function nullOr(check: Check): Check {
  return value => value === null || check(value)
}

export function orNot(check: Check): Check {
  return value => value === undefined || check(value)
}

export function either(...values: readonly unknown[]): Check {
  return value => values.includes(value)
}

export function list(check: Check): Check {
  return value => Array.isArray(value) && value.every(check)
}

/** Has these fields; others do not matter. */
export function shape(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields)
  return value => {
    if (typeof value !== 'object' || value === null) return false
    return checks.every(([name, check]) => check((value as Record<string, unknown>)[name]))
  }
}
