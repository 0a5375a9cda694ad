import { AutobeeError } from '../../src/index.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** @param cause null: the other side hung up */
export function failure(message: string, cause: Error | null): AutobeeError {
  const reason = cause ? reasonOf(cause) : 'CLOSED'
  // several addresses of one name fail together, with an empty message
  const detail = cause ? cause.message || reason : 'the other side hung up'
  return new AutobeeError('TRANSPORT_FAILED', `${message} (${detail})`, { cause, reason })
}

export function reasonOf(error: Error): string {
  if (AutobeeError.is(error) && error.reason) return error.reason
  const { code } = error as { code?: unknown }
  // Hypercore's streams time out without a code
  if (/timed out/i.test(error.message)) return typeof code === 'string' ? code : 'ETIMEDOUT'
  return typeof code === 'string' ? code : 'PROTOCOL'
}

export function addressOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
