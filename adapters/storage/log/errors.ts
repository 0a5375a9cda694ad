import { AutobeeError } from '../../../src/index.ts'

/** What a file threw, typed: as it is when it is already, else `STORE_FAILED`. */
export function storeError(error: unknown, message: string): AutobeeError {
  if (AutobeeError.is(error)) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new AutobeeError('STORE_FAILED', `${message}: ${detail}`, { cause: error })
}

export function corruptError(message: string): AutobeeError {
  return new AutobeeError(
    'STORE_CORRUPT',
    `${message}; restore the store, or take a new place and join again`
  )
}

export function closedError(): AutobeeError {
  return new AutobeeError('STORE_CLOSED', 'this store, or what was read of it, is closed')
}
