import type { Environment } from './environment.ts'

export interface PageEvents {
  /** The page is put aside: it may be kept as it is, frozen, or thrown away. Called on, it may already be away. */
  onLeave(): void
  onReturn(): void
}

/** Of one page. Listens for as long as that lives: a store that is opened while it is away has to know. */
class Presence {
  isAway = false
  readonly lives = new Set<PageLife>()

  constructor({ page, document }: Environment) {
    const goes = () => this.#turn({ isAway: true })
    const comes = () => this.#turn({ isAway: false })
    page?.addEventListener('pagehide', goes)
    document?.addEventListener('freeze', goes)
    page?.addEventListener('pageshow', comes)
    document?.addEventListener('resume', comes)
  }

  #turn({ isAway }: { isAway: boolean }): void {
    if (isAway === this.isAway) return
    this.isAway = isAway
    for (const life of [...this.lives]) life.turned()
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
    this.#presence.lives.add(this)
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
    this.#presence.lives.delete(this)
    this.#listeners.clear()
  }

  turned(): void {
    for (const { onLeave, onReturn } of [...this.#listeners]) {
      if (this.isAway) onLeave()
      else onReturn()
    }
  }
}
