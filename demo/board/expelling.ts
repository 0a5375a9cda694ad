import type { HyperbeeView } from '../../src/index.ts'
import { readInvites, readStanding } from './model.ts'
import type { Op } from './ops.ts'

/**
 * What removes a member and keeps him out, as one unit: by an open invitation that he knows he could come back with a new
 * key. Those are the one that he came by, which others may be about to use, and those that he made.
 * @param key z-base-32
 */
export async function expelOps(view: HyperbeeView, key: string): Promise<Op[]> {
  const found = await readStanding(view, key)
  if (found.standing !== 'member') return []
  const { invite } = found.person
  const known = (await readInvites(view)).filter(
    ({ publicKey, created }) => publicKey === invite || created.by === key
  )
  return [{ op: 'expel', key }, ...known.map(({ publicKey }): Op => ({ op: 'uninvite', publicKey }))]
}
