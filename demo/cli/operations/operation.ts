import type { KeyValue } from '../../../src/kv/index.ts'
import type { Network } from '../../common/network.ts'
import { UserError } from '../../common/user-error.ts'

/** The open database that operations work on. */
export interface Peer {
  readonly kv: KeyValue<string, unknown>
  readonly encrypted: boolean
  /** null: nobody is served. */
  readonly network: Network | null
}

export interface Context {
  readonly input: AsyncIterable<unknown>
  readonly signal: AbortSignal
}

/**
 * What a command asks of an open database. It runs where the store is open: in the command's own process, or in the
 * one that serves the folder. So parameters and rows are JSON, and parameters are not to be trusted.
 */
export interface Operation<P, R extends object> {
  /** @throws UserError `INVALID_ARGUMENT` */
  check(params: Record<string, unknown>): P
  /** @throws Stopped, UserError, AutobeeError */
  run(peer: Peer, params: P, context: Context): AsyncIterable<R>
}

export function operation<P, R extends object>(operation: Operation<P, R>): Operation<P, R> {
  return operation
}

export function invalid(message: string): UserError {
  return new UserError(message, { code: 'INVALID_ARGUMENT' })
}

/** @throws UserError `INVALID_ARGUMENT` */
export function text(params: Record<string, unknown>, name: string): string {
  const value = params[name]
  if (typeof value === 'string') return value
  throw invalid(`"${name}" is a string.`)
}

/** @throws UserError `INVALID_ARGUMENT` */
export function flag(params: Record<string, unknown>, name: string): boolean {
  const value = params[name] ?? false
  if (typeof value === 'boolean') return value
  throw invalid(`"${name}" is true or false.`)
}
