/** What a client knows of the machine that it runs on. Tests give their own. */
export interface Environment {
  /** ms, of any beginning. It goes on while the machine sleeps. */
  now(): number
  /** False when there is no network for sure. */
  isOnline(): boolean
  /**
   * Calls back when it may be worth to dial at once: the network is there again, or a page that was hidden, frozen or put
   * aside is shown. Until the returned function is called.
   */
  onWake(listener: () => void): () => void
}

interface Listens {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

/** A page's, or a worker's; in Node there is nothing to listen to. */
export const environment: Environment = {
  // `performance.now()` stands still in some browsers while the machine sleeps
  now: () => Date.now(),
  isOnline: () => (globalThis.navigator as Navigator | undefined)?.onLine !== false,
  onWake(listener) {
    const page = globalThis.document as Document | undefined
    const onvisible = (): void => {
      if (page?.visibilityState === 'visible') listener()
    }
    const unlisten = [
      ...['online', 'pageshow'].map(type => listen(globalThis as Partial<Listens>, type, listener)),
      ...['visibilitychange', 'resume'].map(type => listen(page, type, onvisible))
    ]
    return () => {
      for (const stop of unlisten) stop()
    }
  }
}

function listen(target: Partial<Listens> | undefined, type: string, listener: () => void): () => void {
  if (typeof target?.addEventListener !== 'function') return () => {}
  target.addEventListener(type, listener)
  return () => target.removeEventListener?.(type, listener)
}
