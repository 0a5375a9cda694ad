import type { Readable } from 'node:stream'
import { UserError, usage } from '../common/user-error.ts'
import { until } from './life.ts'

/** The most that is read from standard input for one value, bytes: what a value may have at most. */
const MOST = 8 * 1024 * 1024

/**
 * A value as it was typed: JSON when it is JSON, else a string.
 * @throws UserError for a number that would become another one
 */
export function parseValue(text: string, { isString }: { isString: boolean }): unknown {
  if (isString) return text
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  if (typeof value === 'number' && /^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(value))
    throw usage(
      `${text} cannot be held as a number without becoming another one. Give --string to store its digits.`
    )
  return value
}

/** All of a stream, as text. @throws UserError, Stopped */
export async function readAll(source: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of until<Uint8Array>(source, signal)) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > MOST)
        throw new UserError('A value takes at most 8 MiB, and there is more on standard input. Split it.', {
          code: 'ENTRY_TOO_LARGE'
        })
    }
  } finally {
    source.destroy()
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new UserError('What came on standard input is no UTF-8. Encode it, for example in base64.', {
      code: 'INVALID_INPUT'
    })
  }
}
