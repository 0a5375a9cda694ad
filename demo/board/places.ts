/**
 * Places in an order that people change: text that is compared by code units, with room between any two. A place is a whole
 * number and a fraction, in digits 0-9A-Za-z. The first letter says how long the number is: `a` to `z` one to 26 digits
 * from zero up, `Z` down to `A` the same below zero; so places at either end stay short, however many follow each other
 * there. A fraction does not end in 0. (As in Figma's and Rocicorp's fractional indexing, but with a random tail: two who
 * go to the same place at once hardly get the same one.) Should two have the same place all the same, their ids decide.
 */
import { LIMITS } from './limits.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ZERO = 'a0'
const SMALLEST = `A${'0'.repeat(26)}`
/** Random digits at the end of a place: 238,000 of them. */
const TAIL = 3

export interface PlaceOptions {
  /** From 0 to below 1; default `Math.random`. null: no random tail, for `apply`. */
  readonly random?: (() => number) | null
}

/** Is it a place as these functions make them, and no longer than a board takes? */
export function isPlace(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > LIMITS.place || !/^[A-Za-z][0-9A-Za-z]+$/.test(value))
    return false
  const { whole, fraction } = split(value)
  return whole !== null && !fraction.endsWith('0') && value !== SMALLEST
}

/**
 * A place between two others: `null` for `before` is the beginning, for `after` the end. Where that is none (they are equal
 * or the wrong way round, or so much is there that a place would get too long), it is behind `before`; at the
 * very end of all that can be, `before` itself.
 */
export function placeBetween(
  [before, after]: readonly [before: string | null, after: string | null],
  { random = Math.random }: PlaceOptions = {}
): string {
  const low = before !== null && isPlace(before) ? before : null
  const high = after !== null && isPlace(after) && (low === null || low < after) ? after : null
  const place = between(low, high)
  if (place === null) return low ?? ZERO
  if (random === null) return place
  const tailed = place + tail(random)
  return isPlace(tailed) && (high === null || tailed < high) ? tailed : place
}

function between(low: string | null, high: string | null): string | null {
  const place =
    low === null ? (high === null ? ZERO : below(high)) : high === null ? above(low) : inside(low, high)
  return place !== null && isPlace(place) ? place : low !== null && high !== null ? between(low, null) : null
}

function above(low: string): string | null {
  const { whole, fraction } = split(low) as Place
  const next = step(whole, 1)
  return next ?? `${whole}${middle(fraction, null)}`
}

function below(high: string): string {
  const { whole, fraction } = split(high) as Place
  if (whole === SMALLEST) return `${whole}${middle('', fraction)}`
  if (fraction !== '') return whole
  const previous = step(whole, -1) as string
  return previous === SMALLEST ? `${previous}${middle('', null)}` : previous
}

function inside(low: string, high: string): string {
  const a = split(low) as Place
  const b = split(high) as Place
  if (a.whole === b.whole) return a.whole + middle(a.fraction, b.fraction)
  const next = step(a.whole, 1)
  return next !== null && next < high ? next : a.whole + middle(a.fraction, null)
}

interface Place {
  readonly whole: string
  readonly fraction: string
}

function split(place: string): Place | { readonly whole: null; readonly fraction: '' } {
  const length = lengthOf(place.charAt(0)) + 1
  if (place.length < length) return { whole: null, fraction: '' }
  return { whole: place.slice(0, length), fraction: place.slice(length) }
}

/** Digits of the whole number that begins with this letter. */
function lengthOf(letter: string): number {
  const code = letter.charCodeAt(0)
  return letter >= 'a' ? code - 96 : 91 - code
}

/** The whole number one up or down; null where there is none. */
function step(whole: string, by: 1 | -1): string | null {
  const digits = [...whole.slice(1)].map(digit => DIGITS.indexOf(digit))
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = (digits[i] as number) + by
    if (digit >= 0 && digit < DIGITS.length) {
      digits[i] = digit
      return whole.charAt(0) + digits.map(one => DIGITS[one]).join('')
    }
    digits[i] = digit < 0 ? DIGITS.length - 1 : 0
  }
  return carry(whole.charAt(0), by)
}

/** The first or last number of the next length. */
function carry(letter: string, by: 1 | -1): string | null {
  if (letter === 'Z' && by === 1) return ZERO
  if (letter === 'a' && by === -1) return 'Zz'
  if (letter === (by === 1 ? 'z' : 'A')) return null
  const next = String.fromCharCode(letter.charCodeAt(0) + by)
  return next + (by === 1 ? '0' : 'z').repeat(lengthOf(next))
}

/** A fraction between two: the shortest, in the middle. `high` null: one. `low` is smaller than `high`, and may be empty. */
function middle(low: string, high: string | null): string {
  let common = 0
  if (high !== null) {
    while ((low[common] ?? '0') === high[common]) common++
    if (common > 0) return high.slice(0, common) + middle(low.slice(common), high.slice(common))
  }
  const from = low === '' ? 0 : DIGITS.indexOf(low.charAt(0))
  const to = high === null ? DIGITS.length : DIGITS.indexOf(high.charAt(0))
  if (to - from > 1) return DIGITS.charAt(Math.round((from + to) / 2))
  if (high !== null && high.length > 1) return high.charAt(0)
  return DIGITS.charAt(from) + middle(low.slice(1), null)
}

/** Random digits, the last of them not 0. */
function tail(random: () => number): string {
  let digits = ''
  for (let i = 1; i < TAIL; i++) digits += DIGITS.charAt(Math.floor(random() * DIGITS.length))
  return digits + DIGITS.charAt(1 + Math.floor(random() * (DIGITS.length - 1)))
}
