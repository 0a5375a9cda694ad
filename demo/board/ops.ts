/** What people do on a board: the values of its entries, as JSON. */

/** The board's name; also makes the board. */
export interface BoardOp {
  readonly op: 'board'
  readonly name: string
}

/** Makes the list `id`, or changes what is given of it. */
export interface ListOp {
  readonly op: 'list'
  readonly id: string
  /** Needed for a new one. */
  readonly title?: string
  /** See places.ts; without a good one a new list goes last. */
  readonly place?: string
  /** The title that its editor saw: if it is another by now, that one is kept in `others`. Not for a new one. */
  readonly was?: string
}

/** Puts a list, with all that is in it, into the bin. */
export interface UnlistOp {
  readonly op: 'unlist'
  readonly id: string
}

/** A new item; one whose `id` is there already changes nothing. */
export interface ItemOp {
  readonly op: 'item'
  readonly id: string
  readonly list: string
  readonly text: string
  /** See places.ts; without a good one it goes last. */
  readonly place?: string
}

/** Changes an item, also one in the bin: its text or its note (not both at once), and whether it is done. */
export interface EditOp {
  readonly op: 'edit'
  readonly id: string
  readonly text?: string
  /** May be empty. */
  readonly note?: string
  readonly done?: boolean
  /** The text or note that its editor saw: if it is another by now (or `was` is left out), that one is kept in `others`. */
  readonly was?: string
}

/** Drops one of the other versions of an item or a list: whoever does it has seen it. */
export interface SettleOp {
  readonly op: 'settle'
  readonly id: string
  /** Its {@link Version.version}. */
  readonly version: string
}

export interface MoveOp {
  readonly op: 'move'
  readonly id: string
  readonly list: string
  /** See places.ts; without a good one it goes last. */
  readonly place?: string
}

/** Puts an item into the bin. */
export interface RemoveOp {
  readonly op: 'remove'
  readonly id: string
}

/** Takes an item or a list out of the bin, an item's list with it if need be: a new one where that was deleted. */
export interface RestoreOp {
  readonly op: 'restore'
  readonly id: string
}

/**
 * Deletes an item or a list that is in the bin for good, a list with all that is in it; of a long list so many items as
 * `LIMITS.purge` at once, and the list itself with the last of them.
 */
export interface PurgeOp {
  readonly op: 'purge'
  readonly id: string
}

/** The own display name. */
export interface MeOp {
  readonly op: 'me'
  readonly name: string
}

/** A stranger wants in: `append(op, { optimistic: true })`. Some member answers with `admit` or `refuse`. */
export interface AskOp {
  readonly op: 'ask'
  readonly name: string
}

/** A stranger with an invitation comes in: `append(op, { optimistic: true })`, made by `joinOp` of invitation.ts. */
export interface JoinOp {
  readonly op: 'join'
  readonly name: string
  /** The invitation's public key, z-base-32. */
  readonly invite: string
  /** By the invitation's secret key, of the own writer key: 64 bytes as hex. */
  readonly signature: string
}

/** Who has the secret key of `publicKey` may come in, until `uninvite`. */
export interface InviteOp {
  readonly op: 'invite'
  /** z-base-32 or hex. */
  readonly publicKey: string
  /** What it is called among the members; may be empty. */
  readonly label: string
  /** Default true: who comes in becomes an indexer. */
  readonly indexer?: boolean
}

/** For good: the same public key is not invited again. Who came in by it stays. */
export interface UninviteOp {
  readonly op: 'uninvite'
  readonly publicKey: string
}

/**
 * Lets a writer in, who may have asked or not, or been refused or expelled before. Of a member it changes the role, but of
 * an indexer only an indexer does.
 */
export interface AdmitOp {
  readonly op: 'admit'
  /** Writer key, z-base-32 or hex. */
  readonly key: string
  /** Default true. */
  readonly indexer?: boolean
}

/** Turns a request down: who was refused cannot ask again, but be admitted or come by an invitation. */
export interface RefuseOp {
  readonly op: 'refuse'
  readonly key: string
}

/**
 * Removes a member, but never oneself, and an indexer only as an indexer. By an invitation he does not come back with the
 * same key.
 */
export interface ExpelOp {
  readonly op: 'expel'
  readonly key: string
}

export type Op =
  | BoardOp
  | ListOp
  | UnlistOp
  | ItemOp
  | EditOp
  | SettleOp
  | MoveOp
  | RemoveOp
  | RestoreOp
  | PurgeOp
  | MeOp
  | AskOp
  | JoinOp
  | InviteOp
  | UninviteOp
  | AdmitOp
  | RefuseOp
  | ExpelOp
