/**
 * What a command and the one who has the store open say to each other on the control socket: JSON, one message a line,
 * in UTF-8. Each request has a number of its client's choice, and a connection may carry several at once.
 */
/** Raised whenever a message changes its meaning: both sides are of one version, or say so. */
export const PROTOCOL = 1

/** The longest line, bytes: an entry of the greatest size fits, with every byte of it escaped. */
export const LONGEST = 128 * 1024 * 1024

/** Rows and input go in pieces of about this many characters. */
export const PIECE = 65_536

/** The first line, from the server. */
export interface Hello {
  readonly autobee: typeof PROTOCOL
  readonly version: string
  readonly pid: number
  /** What holds the store: the name of a command. */
  readonly command: string
}

/** Asks for an operation; `input`: messages with items for it follow. */
export interface Ask {
  readonly id: number
  readonly op: string
  readonly params: unknown
  readonly input: boolean
}

export type ToServer =
  | Ask
  | { readonly id: number; readonly items: readonly unknown[] }
  /** No more input. */
  | { readonly id: number; readonly end: true }
  | { readonly id: number; readonly cancel: true }

export type ToClient =
  /** From here on the request may have had an effect. */
  | { readonly id: number; readonly accepted: true }
  | { readonly id: number; readonly rows: readonly object[] }
  | { readonly id: number; readonly done: true }
  | { readonly id: number; readonly error: ErrorMessage }

export interface ErrorMessage {
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly details: Record<string, unknown>
}

/** @throws Error when it is no message */
export function readToServer(line: Uint8Array): ToServer {
  const message = parse(line)
  const { id, op, items, end, cancel } = message
  if (!Number.isSafeInteger(id)) throw new Error('a message has an id')
  if (typeof op === 'string' && typeof message.input === 'boolean') return message as never
  if (Array.isArray(items) || end === true || cancel === true) return message as never
  throw new Error('no such message')
}

/** @throws Error when it is no message */
export function readToClient(line: Uint8Array): ToClient {
  const message = parse(line)
  const { id, accepted, rows, done, error } = message
  const known = accepted === true || Array.isArray(rows) || done === true || typeof error === 'object'
  if (!Number.isSafeInteger(id) || !known) throw new Error('no such message')
  return message as never
}

/** @throws Error when it is none */
export function readHello(line: Uint8Array): Hello {
  const message = parse(line)
  if (typeof message.autobee !== 'number') throw new Error('no such greeting')
  return message as never
}

function parse(line: Uint8Array): Record<string, unknown> {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object')
  return value as Record<string, unknown>
}
