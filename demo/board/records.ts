/** What the view holds: JSON under the keys of keys.ts. The same on every peer that has the same entries. */

/** Who set something, and when. */
export interface Stamp {
  /** Writer key, z-base-32. */
  readonly by: string
  /** ms since the epoch, by the hybrid clock of the entry. */
  readonly at: number
}

/** What somebody wrote into a field. */
export interface Version extends Stamp {
  readonly value: string
  /** Tells it from every other one. */
  readonly version: string
}

/**
 * `other/ID/VERSION`: what was in a field when somebody who had not seen it wrote over it. Apart from the item or list, which
 * is written anew with each tick.
 */
export interface OtherVersion extends Version {
  readonly field: 'text' | 'note' | 'title'
}

/** `board` */
export interface BoardRecord extends Stamp {
  readonly name: string
}

/** `counts` */
export interface Counts {
  /** Those in the bin included. */
  readonly lists: number
  /** Those in the bin, and in lists in the bin, included. */
  readonly items: number
  /** Items and lists that were put into the bin one by one. */
  readonly bin: number
  readonly members: number
  readonly requests: number
  readonly invites: number
}

/** `list/ID` */
export interface ListRecord {
  readonly title: Version
  /** {@link Version.version} of other titles, the oldest one first. */
  readonly others: readonly string[]
  readonly place: string
  /** Items in it that are not in the bin. */
  readonly items: number
  /** How many of those are done. */
  readonly done: number
  /** No item's place in it was ever greater: new ones go behind. null: it never had any. */
  readonly last: string | null
  /** null: it is not in the bin. */
  readonly removed: Stamp | null
}

/** `note/ID`; none where it is empty. */
export type NoteRecord = Version

/** `item/ID`: all of an item but its note and other versions. */
export interface ItemRecord {
  readonly list: string
  readonly place: string
  readonly text: Version
  readonly hasNote: boolean
  readonly done: boolean
  /** {@link Version.version} of other texts and notes, the oldest one first. */
  readonly others: readonly string[]
  readonly created: Stamp
  /** null: it is not in the bin. */
  readonly removed: Stamp | null
}

/** `row/LIST/PLACE/ID`: what a list shows of an item. None for items in the bin. */
export interface RowRecord {
  readonly text: string
  readonly done: boolean
  readonly hasNote: boolean
  /** Other versions of it. */
  readonly others: number
}

/** `bin/TIME/ID`, the latest first */
export interface BinRecord {
  readonly kind: 'item' | 'list'
  /** Text or title. */
  readonly text: string
}

/** `person/KEY` */
export interface PersonRecord {
  /** null: he has not said. */
  readonly name: string | null
  readonly isMember: boolean
  readonly isIndexer: boolean
  /** Since when he is what he is, and by whom: himself, when he founded the board or came by an invitation. */
  readonly since: Stamp
  /** Public key of the invitation that he came by. */
  readonly invite: string | null
}

/** `request/KEY`, and `refused/KEY`: then `by` and `at` are of who refused. */
export interface RequestRecord extends Stamp {
  readonly name: string
}

/** `invite/PUBLIC-KEY` */
export interface InviteRecord {
  readonly label: string
  readonly isIndexer: boolean
  /** How many came in by it. */
  readonly uses: number
  readonly created: Stamp
  /** null: it is open. */
  readonly closed: Stamp | null
}
