import { UserError } from '../common/user-error.ts'

/** One change that `append` writes. */
export type Step =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string }

const EXAMPLE = '{"type":"put","key":"a","value":1} or {"type":"del","key":"a"}'
/** `previous`: what `watch` prints can be appended. */
const NAMES = ['type', 'key', 'value', 'previous']

/** The changes of one unit: one, or a list of them. @throws UserError `INVALID_INPUT` */
export function readSteps(value: unknown): Step[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw invalid(`an empty list changes nothing; it takes ${EXAMPLE}.`)
  return list.map(readStep)
}

function readStep(value: unknown): Step {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`a change is ${EXAMPLE}.`)
  const step = value as Record<string, unknown>
  const stranger = Object.keys(step).find(name => !NAMES.includes(name))
  if (stranger !== undefined) throw invalid(`"${stranger}" is nothing a change has; it is ${EXAMPLE}.`)
  // what `list` prints can be appended
  const { type = 'put', key } = step
  if (typeof key !== 'string') throw invalid(`"key" has to be a string, as in ${EXAMPLE}.`)
  if (type === 'del') {
    if ('value' in step) throw invalid('"value" does not go with "del".')
    return { type, key }
  }
  if (type !== 'put') throw invalid(`"type" is "put" or "del", as in ${EXAMPLE}.`)
  if (!('value' in step)) throw invalid(`"put" needs a "value", as in ${EXAMPLE}.`)
  return { type, key, value: step.value }
}

/** The same problem, with the line that it is about. */
export function atLine(line: number, { code, message, exitCode, details }: UserError): UserError {
  if (details.line !== undefined) return new UserError(message, { code, exitCode, details })
  return new UserError(`Line ${line}: ${message}`, { code, exitCode, details: { line, ...details } })
}

function invalid(message: string): UserError {
  return new UserError(message, { code: 'INVALID_INPUT' })
}
