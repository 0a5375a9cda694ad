// not the whole package: a command beside a running peer starts without it
import { AutobeeError } from '../../src/errors.ts'
import { UserError } from '../common/user-error.ts'

/** Whatever was thrown, as a code and a sentence. */
export function toUserError(error: unknown): UserError {
  if (error instanceof UserError) return error
  if (AutobeeError.is(error)) return new UserError(sentence(error), { code: error.code })
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return new UserError(`${message ?? error}`, { code: typeof code === 'string' ? code : 'FAILED' })
}

function sentence({ code, message }: AutobeeError): string {
  const text = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}
