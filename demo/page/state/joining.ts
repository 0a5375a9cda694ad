import type { JoinOp } from '../../board/ops.ts'
import type { BoardDatabase } from '../database.ts'
import type { BoardState } from './board-state.ts'
import type { Sdk } from './sdk.ts'
import type { Store } from './store.ts'

export interface JoiningOptions {
  readonly db: BoardDatabase
  readonly sdk: Sdk
  readonly board: Store<BoardState>
  /** Of the invitation, as hex; null: to ask. */
  readonly invite: string | null
  readonly name: string
  /** Appends; false when that failed. */
  append(op: JoinOp | { readonly op: 'ask'; readonly name: string }): Promise<boolean>
}

/**
 * `taken back`: the invitation is no good any more. `expelled`: no invitation is, for this writer. `failed`: to be tried again when the board is opened again.
 */
export type Joined = 'said' | 'taken back' | 'expelled' | 'failed'

/**
 * Says what a newcomer has to say: asks, or comes in by an invitation, as soon as the board is here as far as that needs: a
 * `join` is worth nothing before the invitation that it is for.
 */
export async function join({ db, sdk, board, invite, name, append }: JoiningOptions): Promise<Joined> {
  const { standing } = board.state.standing
  if (standing === 'member') return 'said'
  if (invite === null) {
    if (standing !== 'unknown') return 'said'
    return (await append({ op: 'ask', name })) ? 'said' : 'failed'
  }
  const seed = sdk.fromHex(invite)
  const key = sdk.publicKeyOf(seed)
  for (;;) {
    const found = await sdk.model.readInvite(db.view, key)
    if (board.state.standing.standing === 'member') return 'said'
    if (board.state.standing.standing === 'expelled') return 'expelled'
    if (found?.closed) return 'taken back'
    if (found) break
    await changed(board)
  }
  const op = sdk.joinOp(seed, { key: db.key as Uint8Array, writer: db.local.key, name })
  return (await append(op)) ? 'said' : 'failed'
}

function changed(board: Store<BoardState>): Promise<void> {
  return new Promise(resolve => {
    const stop = board.subscribe(() => {
      stop()
      resolve()
    })
  })
}
