import type { Colours } from '../colours.ts'
import type { Binned, Counts, Invite, Item, List, Person, Request, Standing } from './model-types.ts'
import type { Shown } from './rows.ts'

/** A list as the board shows it. */
export interface ListState extends Shown {
  readonly list: List
}

/** What is shown of a board: as of one moment of its view. */
export interface BoardState {
  /** Was the view read at least once? */
  readonly isRead: boolean
  /** null: nothing of it has come yet. */
  readonly name: string | null
  readonly lists: readonly ListState[]
  /** By writer key, also those who are no members any more. */
  readonly people: ReadonlyMap<string, Person>
  readonly colours: Colours
  readonly requests: readonly Request[]
  readonly invites: readonly Invite[]
  readonly bin: readonly Binned[]
  readonly counts: Counts
  readonly standing: Standing
  /** Those whose details are open. */
  readonly items: ReadonlyMap<string, Item>
}

export const NOTHING: BoardState = {
  isRead: false,
  name: null,
  lists: [],
  people: new Map(),
  colours: new Map(),
  requests: [],
  invites: [],
  bin: [],
  counts: { lists: 0, items: 0, bin: 0, members: 0, requests: 0, invites: 0 },
  standing: { standing: 'unknown' },
  items: new Map()
}
