import b4a from 'b4a'
import type { Contact, Origin } from './contact.ts'

export interface CircleOptions {
  /** Several connections with one public key are kept, and all of them used. */
  readonly keepsAll: boolean
  /** ms that a connection has to show that it lives, and the other side to drop what both have too much. */
  readonly patience: number
  /** The contact replicates with its peer from now on. */
  onuse(contact: Contact): void
  /** Another one has taken its place, or it is gone. */
  onunuse(contact: Contact): void
}

/**
 * One connection per public key, the same one on both sides:
 * 1. Of two, the better one is used. Both sides know both, so they choose the same.
 * 2. A worse one is kept aside until the one in use has been heard since: a connection may be dead and nobody know it
 *    yet, when its peer has changed networks and comes anew. If it is not heard, the new one takes its place.
 * 3. What is too much is dropped by the side that is not the initiator of the one in use, since it knows last that this is
 *    open on both sides; the other side waits for that, so that nobody drops what is used before what replaces it is there.
 * 4. Who was dropped leaves it to the other side to look for it again, when the one in use is lost.
 */
export class Circle {
  readonly #o: CircleOptions
  /** By public key as hex; the first of each is the one in use. */
  readonly #contacts = new Map<string, Contact[]>()
  /** Where those were met whose connections were dropped. */
  readonly #elsewhere = new Map<string, Origin[]>()

  constructor(options: CircleOptions) {
    this.#o = options
  }

  add(contact: Contact): void {
    const { id } = contact
    const rivals = this.#contacts.get(id) ?? []
    this.#contacts.set(id, rivals)
    const [used] = rivals
    if (!used || this.#o.keepsAll) {
      rivals.push(contact)
      this.#o.onuse(contact)
    } else if (contact.isBetterThan(used)) {
      rivals.push(contact)
      this.#promote(contact, rivals)
    } else {
      rivals.push(contact)
      contact.after(this.#o.patience, () => this.#promote(contact, rivals))
      used.session.onceHeard(() => {
        if (rivals[0] === used && rivals.includes(contact)) this.#spare(contact, used)
      })
    }
  }

  /** It is gone. Returns where its peer may be met again, when nothing is left of it. */
  remove(contact: Contact): Origin[] {
    const { id } = contact
    const rivals = this.#contacts.get(id)
    const at = rivals?.indexOf(contact) ?? -1
    if (!rivals || at === -1) return []
    rivals.splice(at, 1)
    const [next] = rivals
    if (next && at === 0 && !this.#o.keepsAll) {
      next.keep()
      this.#o.onuse(next)
    }
    if (next && at > 0) this.remember(contact)
    if (at === 0 || this.#o.keepsAll) this.#o.onunuse(contact)
    if (next) return []
    this.#contacts.delete(id)
    const origins = this.#elsewhere.get(id) ?? []
    this.#elsewhere.delete(id)
    return origins
  }

  /** Its peer may be met again where this contact came from, if the one in use is lost; for one that is not in use. */
  remember({ id, origin }: Contact): void {
    if (!this.#contacts.has(id)) return
    const origins = this.#elsewhere.get(id) ?? []
    this.#elsewhere.set(id, origins)
    const isSame = (other: Origin): boolean =>
      other.dialer === origin.dialer && b4a.equals(other.topic, origin.topic)
    if (!origins.some(isSame)) origins.push(origin)
  }

  #promote(contact: Contact, rivals: Contact[]): void {
    const [used] = rivals
    if (!used || used === contact) return
    rivals.splice(rivals.indexOf(contact), 1)
    rivals.unshift(contact)
    contact.keep()
    this.#o.onuse(contact)
    this.#o.onunuse(used)
    for (const other of rivals.slice(1)) this.#spare(other, contact)
  }

  #spare(contact: Contact, used: Contact): void {
    if (used.session.isInitiator) contact.after(this.#o.patience, () => contact.drop('DUPLICATE'))
    else contact.drop('DUPLICATE')
  }
}
