import type { Invitation } from '../../board/invitation.ts'
import { type Trouble, troubleOf } from '../errors.ts'
import { changeBoard, findBoard, type KnownBoard, keepBoard, newStore } from '../known-boards.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import { Session } from './session.ts'

/** Address of the start page: the page without what follows `#`. */
export const START = '#'

export type Route =
  | { readonly screen: 'start' }
  | { readonly screen: 'opening'; readonly name: string }
  | { readonly screen: 'join'; readonly invitation: Invitation; readonly sdk: Sdk }
  | { readonly screen: 'board'; readonly session: Session }
  | { readonly screen: 'failed'; readonly name: string; readonly trouble: Trouble }

export interface OpenRoute {
  /** Is that the address of what is open? */
  isAt(hash: string): boolean
  close(): Promise<void>
}

/** Opens what the address says, and tells of it. */
export function openRoute(tell: (route: Route) => void): OpenRoute {
  const hash = location.hash
  let isClosed = false
  let session: Session | null = null
  const known = boardOf(hash)
  const name = known?.name ?? ''

  const open = async () => {
    if (hash === '' || hash === START) return tell({ screen: 'start' })
    tell({ screen: 'opening', name })
    const sdk = await loadSdk()
    const at = new URLSearchParams(hash.slice(1)).get('open')
    const invitation = at === null ? sdk.parseInvitation(location.href) : null
    const board = known ?? (invitation && findBoard({ key: sdk.idOfKey(invitation.key) }))
    if (isClosed) return
    if (!board && invitation) return tell({ screen: 'join', invitation, sdk })
    if (!board) return tell({ screen: 'start' })
    session = await openBoard(invitation ? withInvitation(board, invitation, sdk) : board, sdk)
    if (isClosed) return session.close()
    tell({ screen: 'board', session })
  }

  const running = open().catch(error => {
    if (!isClosed) tell({ screen: 'failed', name, trouble: troubleOf(error) })
    else console.warn('what was left could not be opened', error)
  })

  return {
    isAt: other => other === hash || (session !== null && other === addressOf(session.known)),
    async close() {
      isClosed = true
      await running
      await session?.close()
    }
  }
}

/** What is behind the `#` of an open board: enough to open it again in this browser, and no secret of an invitation. */
export function addressOf({ key, store }: KnownBoard): string {
  return key ? `#key=${key}` : `#open=${store}`
}

/** Makes a new board, or one that is to be joined, known here; gives its address. */
export function prepareBoard(given: Omit<KnownBoard, 'store' | 'opened'>): string {
  const board = { ...given, store: newStore(), opened: Date.now() }
  keepBoard(board)
  return addressOf(board)
}

async function openBoard(known: KnownBoard, sdk: Sdk): Promise<Session> {
  const db = await sdk.openDatabase({
    store: known.store,
    key: known.key === null ? null : sdk.keyOf(known.key),
    encryptionKey: known.encryptionKey === null ? null : sdk.fromHex(known.encryptionKey),
    network: { isCut: false, relays: known.relays, direct: true }
  })
  const opened = { ...known, key: sdk.idOfKey(db.key as Uint8Array), opened: Date.now() }
  changeBoard(known.store, opened)
  const session = new Session({ db, sdk, known: opened })
  history.replaceState(null, '', addressOf(opened))
  await session.begin()
  return session
}

/** A board that is here already, and an invitation to it: by another relay, or to write where one could only read. */
function withInvitation(board: KnownBoard, { relays, seed }: Invitation, sdk: Sdk): KnownBoard {
  return {
    ...board,
    relays: [...new Set([...board.relays, ...relays])],
    joining: seed ? { invite: sdk.toHex(seed) } : board.joining
  }
}

function boardOf(hash: string): KnownBoard | null {
  const fields = new URLSearchParams(hash.slice(1))
  const store = fields.get('open')
  const key = fields.get('key')
  return store ? findBoard({ store }) : key ? findBoard({ key }) : null
}
