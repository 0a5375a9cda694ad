import { AutobeeError } from '../../../src/index.ts'
import { toHex } from '../../common/keys.ts'
import { UserError } from '../../common/user-error.ts'
import type { Peer } from './operation.ts'

/** Writes; whoever may not is told what makes it so. @throws UserError, AutobeeError */
export async function writing<T>({ kv }: Peer, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!AutobeeError.is(error, 'NOT_WRITABLE')) throw error
    const writer = toHex(kv.local.key)
    throw new UserError(
      `This peer may not write. On a peer that may, run \`autobee add-writer ${writer}\`; when both run \`autobee serve\` and are connected, this one may write at once.`,
      { code: 'NOT_WRITABLE', details: { writer } }
    )
  }
}
