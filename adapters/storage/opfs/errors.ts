import { AutobeeError } from '../../../src/index.ts'
import type { LogFile, LogFiles } from '../log/file.ts'

/** The same files, with typed errors. */
export function withTypedErrors({ name, slots: [first, second], close }: LogFiles): LogFiles {
  return { name, slots: [typedFile(first, name), typedFile(second, name)], close: () => typed(close(), name) }
}

function typedFile(file: LogFile, name: string): LogFile {
  const { sync, truncate } = file
  return {
    size: () => typed(file.size(), name),
    read: (at, length) => typed(file.read(at, length), name),
    write: (at, bytes) => typed(file.write(at, bytes), name),
    ...(sync && { sync: () => typed(sync(), name) }),
    ...(truncate && { truncate: size => typed(truncate(size), name) })
  }
}

async function typed<T>(call: Promise<T>, name: string): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw opfsError(error, name)
  }
}

/** What the browser's file system threw, typed. */
export function opfsError(error: unknown, name: string): AutobeeError {
  if (AutobeeError.is(error)) return error
  const thrown = error instanceof Error ? error.name : ''
  if (thrown === 'NoModificationAllowedError') return lockedError(name, error)
  if (thrown === 'QuotaExceededError') {
    const message = `this site has no room left for the store ${name}`
    return new AutobeeError('STORE_FULL', message, { cause: error })
  }
  if (thrown === 'InvalidStateError' || thrown === 'NotFoundError') {
    const message = `the files of the store ${name} are gone; open it again`
    return new AutobeeError('STORE_CLOSED', message, { cause: error, reason: 'LOST' })
  }
  const detail = error instanceof Error ? error.message : String(error)
  return new AutobeeError('STORE_FAILED', `the store ${name} failed: ${detail}`, { cause: error })
}

export function lockedError(name: string, cause?: unknown): AutobeeError {
  return new AutobeeError(
    'STORE_LOCKED',
    `the store ${name} is open already, here or in another tab; close it there, or wait`,
    { cause }
  )
}
