import { AutobeeError, type AutobeeErrorCode } from '../../src/index.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Why nothing listens there. */
export function listenError(error: Error, { host, port }: Address): AutobeeError {
  const reason = reasonOf(error)
  const at = addressOf({ host, port })
  if (reason === 'EADDRINUSE')
    return failure(`port ${port} is taken; choose another, or 0 for any free one`, error)
  if (reason === 'EACCES') return failure(`port ${port} is not allowed to you; choose one above 1023`, error)
  return failure(`cannot listen on ${at}`, error)
}

export function failure(
  message: string,
  cause: Error | null,
  code: AutobeeErrorCode = 'TRANSPORT_FAILED'
): AutobeeError {
  const reason = cause ? reasonOf(cause) : 'CLOSED'
  const detail = cause ? `${message} (${cause.message || reason})` : `${message} (the other side hung up)`
  return new AutobeeError(code, detail, { cause, reason })
}

function reasonOf(error: Error): string {
  const { code } = error as { code?: unknown }
  // Hypercore's streams time out without a code
  if (/timed out/i.test(error.message)) return 'ETIMEDOUT'
  return typeof code === 'string' ? code : 'PROTOCOL'
}

export function addressOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
