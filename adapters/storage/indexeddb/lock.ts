import { lockedError } from './errors.ts'
import type { PageLife } from './page-life.ts'

export interface Lock {
  /** Resolves when others can have it; may be called again. */
  release(): Promise<void>
}

interface LockOptions {
  /** The lock was taken away, by somebody who stole it. */
  onStolen(): void
}

/**
 * The Web Lock of a store, held until it is released or this page or worker is gone.
 * @throws AutobeeError `STORE_LOCKED` when somebody holds it
 */
export function takeLock(locks: LockManager, name: string, options: LockOptions): Promise<Lock> {
  return request(locks, name, { ...options, query: { ifAvailable: true } })
}

/** Waits for its turn, unless told not to. A page that goes loses its place in the queue: a frozen one would keep all others out. */
export async function awaitLock(
  locks: LockManager,
  name: string,
  { life, signal, ...options }: LockOptions & { life: PageLife; signal: AbortSignal | undefined }
): Promise<Lock> {
  for (;;) {
    if (signal?.aborted) throw lockedError(name)
    const leaving = new AbortController()
    const leave = () => leaving.abort()
    signal?.addEventListener('abort', leave)
    let off = () => {}
    const returned = new Promise<void>(resolve => {
      off = life.listen({ onLeave: leave, onReturn: resolve })
    })
    try {
      return await request(locks, name, { ...options, query: { signal: leaving.signal } })
    } catch (error) {
      if (!leaving.signal.aborted) throw error
      if (signal?.aborted) throw lockedError(name)
      await returned
    } finally {
      signal?.removeEventListener('abort', leave)
      off()
    }
  }
}

function request(
  locks: LockManager,
  name: string,
  { query, onStolen }: LockOptions & { query: globalThis.LockOptions }
): Promise<Lock> {
  return new Promise((resolve, reject) => {
    let isHeld = false
    let isReleased = false
    const hold = (lock: unknown) => {
      if (!lock) {
        reject(lockedError(name))
        return undefined
      }
      return new Promise<void>(end => {
        isHeld = true
        const release = () => {
          isReleased = true
          end()
          return done
        }
        resolve({ release })
      })
    }
    const done = locks.request(`autobee:indexeddb:${name}`, query, hold).catch((error: unknown) => {
      // it rejects when the wait is broken off, and when a held lock is stolen
      if (!isHeld) reject(error)
      else if (!isReleased) onStolen()
    })
  })
}
