import type { Environment } from './environment.ts'

export interface PageEvents {
  /** The page is put aside: it may be kept as it is, frozen, or thrown away. Called on, it may already be away. */
  onLeave(): void
  onReturn(): void
}

/** Of one page. Whether it is away is known for as long as a store is open there, or was when it went. */
class Presence {
  readonly #events: readonly (readonly [EventTarget | undefined, string, () => void])[]
  readonly #lives = new Set<PageLife>()
  #isAway = false
  #isListening = false

  constructor({ page, document }: Environment) {
    const goes = () => this.#turn({ isAway: true })
    const comes = () => this.#turn({ isAway: false })
    this.#events = [
      [page, 'pagehide', goes],
      [document, 'freeze', goes],
      [page, 'pageshow', comes],
      [document, 'resume', comes]
    ]
  }

  get isAway(): boolean {
    return this.#isAway
  }

  add(life: PageLife): void {
    this.#lives.add(life)
    this.#listen()
  }

  remove(life: PageLife): void {
    this.#lives.delete(life)
    this.#listen()
  }

  #turn({ isAway }: { isAway: boolean }): void {
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    for (const life of [...this.#lives]) life.turned()
    this.#listen()
  }

  #listen(): void {
    // who opens a store in a page that is away has to know
    const isListening = this.#lives.size > 0 || this.#isAway
    if (isListening === this.#isListening) return
    this.#isListening = isListening
    for (const [target, type, handle] of this.#events) {
      if (isListening) target?.addEventListener(type, handle)
      else target?.removeEventListener(type, handle)
    }
  }
}

const presences = new WeakMap<EventTarget, Presence>()

function presenceOf(environment: Environment): Presence {
  const { page } = environment
  const presence = (page && presences.get(page)) ?? new Presence(environment)
  if (page) presences.set(page, presence)
  return presence
}

/**
 * Tells when a page is put into the back-forward cache, or frozen in the background, and when it comes back. A page that
 * keeps a connection or a lock is not kept by some browsers, and keeps others out of the store in the rest. Workers are not
 * told: theirs are frozen with their page, and find out by the clock.
 */
export class PageLife {
  readonly #presence: Presence
  readonly #listeners = new Set<PageEvents>()

  constructor(environment: Environment) {
    this.#presence = presenceOf(environment)
    this.#presence.add(this)
  }

  get isAway(): boolean {
    return this.#presence.isAway
  }

  /** Returns what ends it. */
  listen(events: PageEvents): () => void {
    this.#listeners.add(events)
    return () => this.#listeners.delete(events)
  }

  /** Resolves when the page is there. */
  whenBack(): Promise<void> {
    if (!this.isAway) return Promise.resolve()
    return new Promise(resolve => {
      const off = this.listen({
        onLeave: () => {},
        onReturn: () => {
          off()
          resolve()
        }
      })
    })
  }

  stop(): void {
    this.#presence.remove(this)
    this.#listeners.clear()
  }

  turned(): void {
    for (const { onLeave, onReturn } of [...this.#listeners]) {
      if (this.isAway) onLeave()
      else onReturn()
    }
  }
}
