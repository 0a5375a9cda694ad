import { AutobeeError } from '../errors.ts'
import type { OrderOptions } from './types.ts'

/** Positions `from` to `to - 1`. */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface Query {
  readonly isWaiting: boolean
  readonly limit: number
  readonly reverse: boolean
  /** As far as the order reaches. */
  rangeIn(length: number): Range
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toQuery(options: OrderOptions & { waiting?: boolean } = {}): Query {
  if (options === null || typeof options !== 'object')
    throw invalid('order takes { from, to, reverse, limit }')
  const from = whole('from', options.from) ?? 0
  const end = whole('to', options.to) ?? Number.POSITIVE_INFINITY
  const limit = whole('limit', options.limit) ?? Number.POSITIVE_INFINITY
  const reverse = yesOrNo('reverse', options.reverse)
  return {
    isWaiting: yesOrNo('waiting', options.waiting),
    limit,
    reverse,
    rangeIn(length) {
      const to = Math.min(end, length)
      const count = Math.max(0, Math.min(limit, to - from))
      return reverse ? { from: to - count, to } : { from, to: from + count }
    }
  }
}

function whole(name: string, value: unknown): number | undefined {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(`${name} is a whole number from 0 on`)
}

function yesOrNo(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw invalid(`${name} is true or false`)
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
