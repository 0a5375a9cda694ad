import type { Contact, Origin } from './contact.ts'

export interface CircleOptions {
  /** ms that the other side has to drop what both have too much. */
  readonly patience: number
  /** The contact is what replicates with its peer from now on. */
  onuse(contact: Contact): void
  /** Another one has taken its place, or it is gone. */
  onunuse(contact: Contact): void
}

/**
 * One connection per public key, the same one on both sides. Of two, the better one is used, and the other dropped: by the
 * side that is not the initiator of the better one, since it knows last that this one is open on both sides. The other side
 * waits for that, so that nobody drops what is used before what replaces it is there.
 */
export class Circle {
  readonly #o: CircleOptions
  /** By public key as hex; the first of each is the one in use. */
  readonly #contacts = new Map<string, Contact[]>()
  /** Where those were met whose connections were dropped: they are met there again if the one in use is lost. */
  readonly #elsewhere = new Map<string, Origin[]>()

  constructor(options: CircleOptions) {
    this.#o = options
  }

  get size(): number {
    return this.#contacts.size
  }

  has(id: string): boolean {
    return this.#contacts.has(id)
  }

  add(contact: Contact): void {
    const { id } = contact
    const rivals = this.#contacts.get(id) ?? []
    this.#contacts.set(id, rivals)
    const [used] = rivals
    const isBest = !used || contact.isBetterThan(used)
    if (isBest) rivals.unshift(contact)
    else rivals.push(contact)
    if (isBest) this.#o.onuse(contact)
    if (isBest && used) this.#o.onunuse(used)
    this.#thin(rivals)
  }

  /** It is gone. Returns where its peer may be met again, when nothing is left of it. */
  remove(contact: Contact): Origin[] {
    const { id } = contact
    const rivals = this.#contacts.get(id)
    const at = rivals?.indexOf(contact) ?? -1
    if (!rivals || at === -1) return []
    rivals.splice(at, 1)
    if (at > 0) {
      this.remember(contact)
      return []
    }
    const [next] = rivals
    if (next) {
      next.keep()
      this.#o.onuse(next)
    } else this.#contacts.delete(id)
    this.#o.onunuse(contact)
    if (next) return []
    const origins = this.#elsewhere.get(id) ?? []
    this.#elsewhere.delete(id)
    return origins
  }

  /** Its peer is connected by another way; if that is lost, it may be met again where this contact came from. */
  remember({ id, origin }: Contact): void {
    const origins = this.#elsewhere.get(id) ?? []
    this.#elsewhere.set(id, origins)
    const isSame = (other: Origin): boolean => other.dialer === origin.dialer && other.topic === origin.topic
    if (!origins.some(isSame)) origins.push(origin)
  }

  #thin([used, ...others]: Contact[]): void {
    for (const other of others) {
      if (used?.session.isInitiator) other.dropAfter(this.#o.patience)
      else other.drop('DUPLICATE')
    }
  }
}
