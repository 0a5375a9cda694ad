import type { WriterInfo } from '../../../src/index.ts'
import { hexOfKey, toHex } from '../../common/keys.ts'
import { UserError } from '../../common/user-error.ts'
import { flag, operation, type Peer, text } from './operation.ts'
import { writing } from './writing.ts'

export type Role = 'indexer' | 'writer' | 'removed'

export interface Writer {
  readonly key: string
  readonly role: Role
  /** Entries known to exist. */
  readonly entries: number
  /** Is it this peer? */
  readonly local: boolean
  /** Are its entries not taken any more, since something is wrong with them? */
  readonly frozen: boolean
}

export interface Membership {
  readonly key: string
  readonly role: Role
  /** false: it was so already. */
  readonly changed: boolean
}

export const writers = operation<object, Writer>({
  check: () => ({}),
  async *run({ kv }) {
    for (const writer of kv.writers) {
      yield {
        key: toHex(writer.key),
        role: roleOf(writer),
        entries: writer.length,
        local: writer.isLocal,
        frozen: writer.state === 'frozen'
      }
    }
  }
})

export const addWriter = operation<{ key: string; isIndexer: boolean }, Membership>({
  check: params => ({ key: writerKey(params), isIndexer: !flag(params, 'noIndexer') }),
  async *run(peer, { key, isIndexer }) {
    const role = isIndexer ? 'indexer' : 'writer'
    const known = find(peer, key)
    if (known && key === peer.kv.id && roleOf(known) === role)
      throw new UserError(
        "That is the key of the database, which is its first writer's. To let another peer write, take the writer's key that `autobee info` prints there.",
        { code: 'INVALID_KEY' }
      )
    const changed = !known || roleOf(known) !== role
    if (changed) await writing(peer, () => peer.kv.addWriter(key, { isIndexer }))
    yield { key, role, changed }
  }
})

export const removeWriter = operation<{ key: string }, Membership>({
  check: params => ({ key: writerKey(params) }),
  async *run(peer, { key }) {
    const known = find(peer, key)
    if (!known)
      throw new UserError(`${key} is no writer of this database. \`autobee writers\` lists them.`, {
        code: 'NOT_A_WRITER'
      })
    if (known.isLocal)
      throw new UserError('A peer cannot remove itself. Run this on another peer that may write.', {
        code: 'INVALID_ARGUMENT'
      })
    if (!known.isRemoved) await writing(peer, () => peer.kv.removeWriter(key))
    yield { key, role: 'removed', changed: !known.isRemoved }
  }
})

export function roleOf({ isIndexer, isRemoved }: Pick<WriterInfo, 'isIndexer' | 'isRemoved'>): Role {
  if (isRemoved) return 'removed'
  return isIndexer ? 'indexer' : 'writer'
}

function find({ kv }: Peer, key: string): WriterInfo | undefined {
  return [...kv.writers].find(writer => toHex(writer.key) === key)
}

function writerKey(params: Record<string, unknown>): string {
  const key = text(params, 'key')
  const hex = hexOfKey(key)
  if (hex) return hex
  throw new UserError(`"${key}" is no key. One has 64 hex digits, or 52 letters and digits.`, {
    code: 'INVALID_KEY',
    exitCode: 2
  })
}
