import { AutobeeError, type AutobeeErrorCode } from '../../../src/index.ts'

/** The connection to the database is gone; what ran on it may run again on another. Never leaves this folder. */
export class ConnectionLost extends Error {
  /** What should have been written was not: no transaction was made, or it was aborted. */
  readonly hadNoEffect: boolean

  constructor(cause: unknown, { hadNoEffect = false }: { hadNoEffect?: boolean } = {}) {
    super('the connection to the database is gone', { cause })
    this.name = 'ConnectionLost'
    this.hadNoEffect = hadNoEffect
  }
}

/** Given up because the page is put aside. Never leaves this folder. */
export class PutAside extends ConnectionLost {
  constructor() {
    super(null, { hadNoEffect: true })
  }
}

/** Somebody else's epoch is in the database. Never leaves this folder. */
export class NotOwner extends Error {}

/**
 * WebKit tells with an UnknownError that its database process died; a connection that is closing, with InvalidStateError;
 * Chromium with an AbortError that it closed the connection.
 */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true
  if (error instanceof DOMException && error.name === 'AbortError') return true
  return error instanceof DOMException && error.name === 'UnknownError' && /connection/i.test(error.message)
}

interface Case {
  readonly names: readonly string[]
  readonly code: AutobeeErrorCode
  readonly reason?: string
  message(name: string): string
}

const CASES: readonly Case[] = [
  {
    names: ['QuotaExceededError'],
    code: 'STORE_FULL',
    message: name =>
      `the browser gives the store ${name} no more room; make room, or ask the user to persist()`
  },
  {
    names: ['VersionError'],
    code: 'STORE_FAILED',
    reason: 'NOT_A_STORE',
    message: name => `the database ${name} belongs to something else; take another name`
  },
  {
    names: ['NotReadableError'],
    code: 'STORE_CORRUPT',
    message: name => `files of the store ${name} are missing or damaged; take another name and join again`
  }
]

/** What IndexedDB threw while the store was open, as a typed error. */
export function storeError(error: unknown, name: string): AutobeeError {
  if (AutobeeError.is(error)) return error
  if (error instanceof NotOwner) return takenOver(name)
  if (isConnectionLost(error)) return lostError(name, error)
  const found = CASES.find(({ names }) => error instanceof Error && names.includes(error.name))
  if (!found)
    return new AutobeeError(
      'STORE_FAILED',
      `the store ${name} failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error }
    )
  return new AutobeeError(found.code, found.message(name), {
    cause: error,
    ...(found.reason === undefined ? {} : { reason: found.reason })
  })
}

/** What opening a database threw: a page whose origin may store nothing, or a private window of an older browser, too. */
export function openError(error: unknown, name: string): AutobeeError {
  const isForbidden =
    error instanceof DOMException && ['SecurityError', 'InvalidStateError'].includes(error.name)
  if (!isForbidden) return storeError(error, name)
  return unsupported('this page may not store anything: its origin is opaque, or the window private', error)
}

export function unsupported(message: string, cause?: unknown): AutobeeError {
  return new AutobeeError('UNSUPPORTED_RUNTIME', message, { cause })
}

export function lockedError(name: string): AutobeeError {
  return new AutobeeError(
    'STORE_LOCKED',
    `the store ${name} is open already, here, in another tab or a worker; close it there, or open it with { wait: true }`
  )
}

export function takenOver(name: string): AutobeeError {
  const message = `another tab has opened the store ${name} while this one was frozen; close it here and open it again`
  return new AutobeeError('STORE_LOCKED', message, { reason: 'TAKEN_OVER' })
}

export function notAStore(name: string): AutobeeError {
  const message = `the database ${name} holds something else; take another name`
  return new AutobeeError('STORE_FAILED', message, { reason: 'NOT_A_STORE' })
}

export function corruptError(name: string, what: string): AutobeeError {
  return new AutobeeError(
    'STORE_CORRUPT',
    `${what} in the store ${name} is not what was written; take another name and join again`
  )
}

export function closedError(name: string): AutobeeError {
  return new AutobeeError('STORE_CLOSED', `the store ${name}, or what was read of it, is closed`)
}

export function deletedError(name: string): AutobeeError {
  const message = `the database of the store ${name} was deleted; open it again for an empty one`
  return new AutobeeError('STORE_CLOSED', message, { reason: 'DELETED' })
}

export function lostError(name: string, cause?: unknown): AutobeeError {
  const message = `the browser closed the database of the store ${name}; open it again`
  return new AutobeeError('STORE_CLOSED', message, { reason: 'LOST', cause })
}
