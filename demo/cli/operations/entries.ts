import { UserError } from '../../common/user-error.ts'
import { showKey, UNFETCHED } from '../text.ts'
import { invalid, operation, type Peer, text } from './operation.ts'
import { writing } from './writing.ts'

export interface Entry {
  readonly key: string
  readonly value: unknown
}

/** A peer that joined, and has heard of nothing. */
export function isUnfetched(kv: Peer['kv']): boolean {
  return !kv.writable && [...kv.writers].every(({ length }) => length === 0)
}

export const get = operation<{ key: string }, Entry>({
  check: params => ({ key: text(params, 'key') }),
  async *run({ kv }, { key }) {
    const entry = await kv.getEntry(key)
    if (!entry)
      throw new UserError(`There is no key ${showKey(key)}.${isUnfetched(kv) ? ` ${UNFETCHED}` : ''}`, {
        code: 'NOT_FOUND',
        exitCode: 3,
        details: { key }
      })
    yield { key, value: entry.value }
  }
})

export const put = operation<Entry, { type: 'put' } & Entry>({
  check(params) {
    if (params.value === undefined) throw invalid('"value" is missing.')
    return { key: text(params, 'key'), value: params.value }
  },
  async *run(peer, { key, value }) {
    await writing(peer, () => peer.kv.put(key, value))
    yield { type: 'put', key, value }
  }
})

export const del = operation<{ key: string }, { type: 'del'; key: string }>({
  check: params => ({ key: text(params, 'key') }),
  async *run(peer, { key }) {
    await writing(peer, () => peer.kv.del(key))
    yield { type: 'del', key }
  }
})
