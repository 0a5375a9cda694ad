import type { AutobeeError } from '../../src/index.ts'
import { type Address, addressOf, failure, reasonOf } from './failure.ts'

/** A failure that no system call reports; `code` becomes the `reason` of what users get. */
export class ConnectionError extends Error {
  readonly code: string

  constructor(code: 'ETIMEDOUT' | 'HANDSHAKE_TIMEOUT' | 'PROTOCOL', message: string) {
    super(message)
    this.code = code
  }
}

/** Why nothing listens there. */
export function listenError(error: Error, { host, port }: Address): AutobeeError {
  const reason = reasonOf(error)
  if (reason === 'EADDRINUSE')
    return failure(`port ${port} is taken; choose another, or 0 for any free one`, error)
  if (reason === 'EACCES') return failure(`port ${port} is not allowed to you; choose one above 1023`, error)
  if (reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND')
    return failure(`${host} is no address of this machine; leave the host out for 127.0.0.1`, error)
  return failure(`cannot listen on ${addressOf({ host, port })}`, error)
}
