/** Keys of the view, as text (UTF-8). No part of them has a `/` in it, and nothing in a place sorts before one. */

export const BOARD = 'board'
export const COUNTS = 'counts'

/** What begins with these, in one range. */
export const LISTS = 'list/'
export const BIN = 'bin/'
export const NOTES = 'note/'
export const PEOPLE = 'person/'
export const REQUESTS = 'request/'
export const REFUSED = 'refused/'
export const INVITES = 'invite/'

const LATEST = Number.MAX_SAFE_INTEGER

export function listKey(id: string): string {
  return `${LISTS}${id}`
}

export function itemKey(id: string): string {
  return `item/${id}`
}

/** Of an item. */
export function noteKey(id: string): string {
  return `${NOTES}${id}`
}

/** Of an item or a list, which have no ids in common. */
export function otherKey(id: string, version: string): string {
  return `other/${id}/${version}`
}

/** The items of a list, in order: by place, those of the same place by id. */
export function rowsOf(list: string): string {
  return `row/${list}/`
}

export function rowKey({ list, place, id }: { list: string; place: string; id: string }): string {
  return `${rowsOf(list)}${place}/${id}`
}

/** The latest first. `at`: ms. */
export function binKey(id: string, at: number): string {
  return `${BIN}${String(LATEST - at).padStart(16, '0')}/${id}`
}

/** `key`: z-base-32. */
export function personKey(key: string): string {
  return `${PEOPLE}${key}`
}

export function requestKey(key: string): string {
  return `${REQUESTS}${key}`
}

export function refusedKey(key: string): string {
  return `${REFUSED}${key}`
}

export function inviteKey(publicKey: string): string {
  return `${INVITES}${publicKey}`
}

/** What follows the last `/`. */
export function idOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

/** What follows `prefix`, up to the next `/`. */
export function partAfter(prefix: string, key: string): string {
  return key.slice(prefix.length, key.indexOf('/', prefix.length))
}
