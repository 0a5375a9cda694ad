import type { Environment } from './environment.ts'

export interface PageEvents {
  /** The page is put aside: it may be kept as it is, frozen, or thrown away. Called on, it may already be away. */
  onLeave(): void
  onReturn(): void
}

/**
 * Tells when a page is put into the back-forward cache, or frozen in the background, and when it comes back. A page that
 * keeps a connection or a lock is not kept by some browsers, and keeps others out of the store in the rest. Workers are not
 * told: theirs are frozen with their page, and find out by the clock.
 */
export class PageLife {
  readonly #listeners = new Set<PageEvents>()
  readonly #off: (() => void)[] = []
  #isAway = false

  constructor({ page, document }: Environment) {
    this.#on(page, 'pagehide', () => this.#turn({ isAway: true }))
    this.#on(document, 'freeze', () => this.#turn({ isAway: true }))
    this.#on(page, 'pageshow', () => this.#turn({ isAway: false }))
    this.#on(document, 'resume', () => this.#turn({ isAway: false }))
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** Returns what ends it. */
  listen(events: PageEvents): () => void {
    this.#listeners.add(events)
    return () => this.#listeners.delete(events)
  }

  stop(): void {
    this.#listeners.clear()
    for (const off of this.#off.splice(0)) off()
  }

  #turn({ isAway }: { isAway: boolean }): void {
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    for (const { onLeave, onReturn } of [...this.#listeners]) {
      if (isAway) onLeave()
      else onReturn()
    }
  }

  #on(target: EventTarget | undefined, type: string, handle: () => void): void {
    target?.addEventListener(type, handle)
    this.#off.push(() => target?.removeEventListener(type, handle))
  }
}
