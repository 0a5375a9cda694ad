import type { AutobeeEvents, TypedEmitter } from './events.ts'
import type { HyperbeeView } from './view.ts'

/** The database whose bee moves on with it; `bee` changes when the database is opened anew (`setLocal`). */
export interface Owner extends TypedEmitter<AutobeeEvents> {
  readonly bee: HyperbeeView
  readonly opened: boolean
  readonly closed: boolean
}

const owners = new WeakMap<object, Owner>()

/** Says which database moves this bee, so that those who watch the bee can follow the database. */
export function setOwner(bee: object, owner: Owner): void {
  owners.set(bee, owner)
}

export function ownerOf(bee: object): Owner | null {
  return owners.get(bee) ?? null
}
