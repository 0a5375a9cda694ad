import { append } from './append.ts'
import { del, get, put } from './entries.ts'
import { info } from './info.ts'
import { addWriter, removeWriter, writers } from './members.ts'
import { type Context, invalid, type Operation, type Peer } from './operation.ts'
import { list, watch } from './reading.ts'

export const OPERATIONS = {
  get,
  put,
  del,
  list,
  watch,
  append,
  writers,
  'add-writer': addWriter,
  'remove-writer': removeWriter,
  info
}

export type OperationName = keyof typeof OPERATIONS
export type RowOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<infer _, infer R> ? R : never

/** Runs an operation by its name. @throws UserError `INVALID_ARGUMENT`, and what the operation throws */
export function runOperation(
  peer: Peer,
  { op, params }: { readonly op: string; readonly params: unknown },
  context: Context
): AsyncIterable<object> {
  if (!Object.hasOwn(OPERATIONS, op)) throw invalid(`There is no operation "${op}".`)
  if (typeof params !== 'object' || params === null) throw invalid('Parameters are an object.')
  const operation = OPERATIONS[op as OperationName] as Operation<unknown, object>
  return operation.run(peer, operation.check(params as Record<string, unknown>), context)
}
