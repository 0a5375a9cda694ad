import type { Autobee } from '../../src/index.ts'
import { newInvite, publicKeyOf } from '../board/invitation.ts'
import { readBoard, readInvite } from '../board/model.ts'
import type { Op } from '../board/ops.ts'

/** How this peer calls itself among the members. */
export const OWN_NAME = 'Always-on peer'
const BOARD_NAME = 'Our board'
const LABEL = 'Link of npm start'

/**
 * Makes the board, unless a start before has, and the invitation of the link. Resolves to its seed: another one when
 * somebody took that invitation back, null when this peer may not make one.
 */
export async function setUp(db: Autobee, seed: Uint8Array | null): Promise<Uint8Array | null> {
  if (!db.writable) return (await isOpen(db, seed)) ? seed : null
  const ops: Op[] = []
  if (!(await readBoard(db.view)))
    ops.push(
      { op: 'board', name: BOARD_NAME },
      { op: 'me', name: OWN_NAME },
      { op: 'list', id: 'first', title: 'To do' }
    )
  let good = seed
  if (!(await isOpen(db, seed))) {
    const closed = seed && (await readInvite(db.view, publicKeyOf(seed)))
    const fresh = seed && !closed ? { seed, publicKey: publicKeyOf(seed) } : newInvite()
    ops.push({ op: 'invite', publicKey: fresh.publicKey, label: LABEL })
    good = fresh.seed
  }
  if (ops.length > 0) await db.append(ops)
  return (await isOpen(db, good)) ? good : null
}

async function isOpen(db: Autobee, seed: Uint8Array | null): Promise<boolean> {
  const invite = seed && (await readInvite(db.view, publicKeyOf(seed)))
  return invite != null && invite.closed === null
}
