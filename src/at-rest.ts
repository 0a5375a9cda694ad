import type { Engine } from './engine/engine.ts'

/**
 * Looks at an engine between two cycles, or at the end of the next one that is whole: appends without end leave no time
 * between two.
 */
export class AtRest {
  readonly #waiting = new Set<(engine: Engine) => void>()

  /** A cycle of this engine ends, whole and durable. */
  reached(engine: Engine): void {
    for (const look of this.#waiting) look(engine)
  }

  /** Null when the engine's cycles ended without one that was whole: it is to be asked for again. */
  async look<T>(engine: Engine, take: (engine: Engine) => T): Promise<{ readonly taken: T } | null> {
    if (engine.cycle.isIdle) return { taken: take(engine) }
    let found: { readonly taken: T } | null = null
    await new Promise<void>((resolve, reject) => {
      const look = (of: Engine) => {
        this.#waiting.delete(look)
        try {
          found = { taken: take(of) }
          resolve()
        } catch (error) {
          reject(error)
        }
      }
      this.#waiting.add(look)
      engine.cycle.idle().then(() => {
        this.#waiting.delete(look)
        resolve()
      }, reject)
    })
    return found
  }
}
