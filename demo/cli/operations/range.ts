import type { KeyRange, ReadRange } from '../../../src/typed/index.ts'
import { invalid, text } from './operation.ts'

const BOUNDS = ['gt', 'gte', 'lt', 'lte', 'prefix'] as const

/** @throws UserError `INVALID_ARGUMENT` */
export function checkRange(params: Record<string, unknown>): KeyRange<string> {
  const range: Record<string, string> = {}
  for (const name of BOUNDS) if (params[name] !== undefined) range[name] = text(params, name)
  return range
}

/** @throws UserError `INVALID_ARGUMENT` */
export function checkReadRange(params: Record<string, unknown>): ReadRange<string> {
  const { reverse, limit } = params
  if (limit !== undefined && !(Number.isSafeInteger(limit) && (limit as number) >= 0))
    throw invalid('"limit" is a whole number from 0 on.')
  return {
    ...checkRange(params),
    ...(limit !== undefined && { limit: limit as number }),
    reverse: reverse === true
  }
}
