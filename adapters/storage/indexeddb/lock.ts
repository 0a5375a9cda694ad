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

interface WaitOptions extends LockOptions {
  readonly life: PageLife
  readonly signal: AbortSignal | undefined
  /** ms between looks whether the browser has forgotten whose turn it is. */
  readonly every: number
}

/** Waits for its turn, unless told not to. A page that goes loses its place in the queue: a frozen one would keep all others out. */
export async function awaitLock(
  locks: LockManager,
  name: string,
  { life, signal, every, ...options }: WaitOptions
): Promise<Lock> {
  for (;;) {
    if (signal?.aborted) throw lockedError(name)
    const leaving = new AbortController()
    const leave = () => leaving.abort()
    signal?.addEventListener('abort', leave)
    const off = life.listen({ onLeave: leave, onReturn: noop })
    const looking = setInterval(() => void remind(locks, name, leaving), every)
    try {
      return await request(locks, name, { ...options, query: { signal: leaving.signal } })
    } catch (error) {
      if (!leaving.signal.aborted) throw error
      if (signal?.aborted) throw lockedError(name)
      await life.whenBack()
    } finally {
      clearInterval(looking)
      signal?.removeEventListener('abort', leave)
      off()
    }
  }
}

/**
 * Chromium (150) may let all wait for a lock that nobody has, when a page that had it goes while another one is frozen or
 * woken. It sees whose turn it is when a request is taken back.
 */
async function remind(locks: LockManager, name: string, { signal }: { signal: AbortSignal }): Promise<void> {
  const back = new AbortController()
  const takeBack = () => back.abort()
  // nor may a frozen page keep this one
  signal.addEventListener('abort', takeBack)
  try {
    const { held = [] } = await locks.query()
    if (signal.aborted || held.some(lock => lock.name === lockName(name))) return
    locks.request(lockName(name), { signal: back.signal }, noop).catch(noop)
    // asked for after it, so the browser has both when this is answered
    await locks.query()
  } catch {
    // a document that is going: it waits no more
  } finally {
    takeBack()
    signal.removeEventListener('abort', takeBack)
  }
}

function lockName(name: string): string {
  return `autobee:indexeddb:${name}`
}

function noop(): void {}

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
    const done = locks.request(lockName(name), query, hold).catch((error: unknown) => {
      // it rejects when the wait is broken off, and when a held lock is stolen
      if (!isHeld) reject(error)
      else if (!isReleased) onStolen()
    })
  })
}
