import { AutobeeError, type AutobeeErrorCode } from '../../src/index.ts'
import type { WireError } from './messages.ts'

/** An error as another tab can make it again: with its code and reason; of what was underneath, its text. */
export function toWire(error: unknown): WireError {
  if (!AutobeeError.is(error)) {
    return { code: null, message: error instanceof Error ? error.message : String(error) }
  }
  const { code, message, reason, cause } = error
  const prefix = `${code}: `
  return {
    code,
    message: message.startsWith(prefix) ? message.slice(prefix.length) : message,
    reason,
    cause: cause === undefined ? undefined : String(cause)
  }
}

export function fromWire({ code, message, reason, cause }: WireError): Error {
  if (code === null) return new Error(message)
  return new AutobeeError(code as AutobeeErrorCode, message, {
    ...(reason === undefined ? {} : { reason }),
    ...(cause === undefined ? {} : { cause: new Error(cause) })
  })
}

/** The owner lost its store, or is closing: what it was asked, the next one does. */
export function isOwnersEnd(error: unknown): boolean {
  return (['CLOSED', 'STORE_CLOSED', 'STORE_LOCKED'] as const).some(code => AutobeeError.is(error, code))
}

export function ownerChanged(): AutobeeError {
  const message =
    'the tab that was asked owns the store no more, and nobody knows whether it was done; ask again'
  return new AutobeeError('OWNER_CHANGED', message)
}

export function closedError(): AutobeeError {
  return new AutobeeError('CLOSED', 'the database is closed')
}

export function notReady(): AutobeeError {
  return new AutobeeError(
    'CLOSED',
    'the database is not open; await ready() first, and use nothing after close()'
  )
}
