import type { Output } from './output.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Why a command has to end before it is done. */
export type Ending = { readonly by: 'signal'; readonly exitCode: number } | { readonly by: 'output' }

/** A command's life: it ends early when the user, the system or the reader of its output wants that. */
export class Life {
  readonly #interrupted = new AbortController()
  readonly #ended = new AbortController()
  #ending: Ending | null = null

  constructor(output: Output) {
    for (const [name, exitCode] of Object.entries(SIGNALS)) {
      process.on(name, () => {
        // the second one means it
        if (this.#interrupted.signal.aborted) process.exit(exitCode)
        this.#ending = { by: 'signal', exitCode }
        this.#interrupted.abort()
        this.#ended.abort()
      })
    }
    void output.closed.then(() => {
      this.#ending ??= { by: 'output' }
      this.#ended.abort()
    })
  }

  /** For what is done for its output only. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** For what is done whether somebody reads about it or not. */
  get interrupted(): AbortSignal {
    return this.#interrupted.signal
  }

  get ending(): Ending | null {
    return this.#ending
  }
}

/** Resolves when it is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Thrown where something ended because it was told to. */
export class Stopped extends Error {}

/** What `source` gives, until `signal` says that it is enough; then `source` is told so. @throws Stopped */
export async function* until<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let stop = () => {}
  const onabort = () => stop()
  signal.addEventListener('abort', onabort, { once: true })
  try {
    while (!signal.aborted) {
      // no race with one promise for all of them: it would keep every item
      const result = await new Promise<IteratorResult<T> | null>((resolve, reject) => {
        stop = () => resolve(null)
        iterator.next().then(resolve, reject)
      })
      if (result?.done) return
      if (result) yield result.value
    }
    throw new Stopped()
  } finally {
    signal.removeEventListener('abort', onabort)
    // not awaited: a generator that waits for something answers only when that comes
    iterator.return?.()?.then(undefined, () => {})
  }
}
