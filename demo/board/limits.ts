/** Most of everything, so that no writer and no stranger can make a board too large for its peers. Lengths in UTF-16 code units. */
export const LIMITS = {
  /** Of a board, a person, an invitation's label. */
  name: 80,
  /** Of a list's title. */
  title: 200,
  /** Of an item's text. */
  text: 2_000,
  note: 20_000,
  /** Of a place. */
  place: 256,
  /** Ids that people's peers make up; those that `apply` makes are longer. */
  newId: 32,
  id: 96,
  /** Lists, those in the bin included, until they are purged. */
  lists: 200,
  /** Items, those in the bin included, until they are purged. */
  items: 100_000,
  /** Items of a list that one `purge` deletes. */
  purge: 500,
  /** Other versions kept beside a text; what is more goes to the bin, as an item of its own. */
  others: 8,
  members: 500,
  /** Requests to be let in that wait for an answer. */
  requests: 32,
  /** Invitations that were ever made. */
  invites: 1_000
} as const
