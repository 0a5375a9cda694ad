import { AutobeeError } from '../errors.ts'

export function notWritable(reason?: string | null): AutobeeError {
  const hint =
    reason === 'NOT_ACKNOWLEDGED'
      ? 'apply did not acknowledge this optimistic append (host.ackWriter(node.key))'
      : 'a writer has to add this one first: in apply, host.addWriter(key) with db.local.key'
  return new AutobeeError('NOT_WRITABLE', hint, reason ? { reason } : {})
}

export function interrupted(reason: string): AutobeeError {
  return new AutobeeError('INTERRUPTED', `apply was interrupted: ${reason}`, { reason })
}

export function notOpen(): AutobeeError {
  return new AutobeeError(
    'CLOSED',
    'the database is not open; await ready() first, and use nothing after close()'
  )
}

export function readOnly(): AutobeeError {
  return new AutobeeError('STORE_READONLY', 'the store was opened read-only')
}
