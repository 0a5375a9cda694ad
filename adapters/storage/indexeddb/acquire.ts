import { type Connection, type ConnectionEvents, connect, randomId } from './connection.ts'
import type { Environment } from './environment.ts'
import {
  isConnectionLost,
  lockedError,
  lostError,
  openError,
  PutAside,
  storeError,
  unsupported
} from './errors.ts'
import { claim, type Holder, release } from './lease.ts'
import { awaitLock, type Lock, takeLock } from './lock.ts'
import type { PageLife } from './page-life.ts'
import { breakOff } from './requests.ts'
import { Voice } from './voice.ts'
import type { Owner } from './write.ts'

/** What the one owner of a store holds. */
export interface Holding {
  readonly connection: Connection
  readonly owner: Owner
  /** null without Web Locks. */
  readonly lock: Lock | null
  readonly voice: Voice
}

export interface AcquireOptions extends ConnectionEvents {
  readonly wait: boolean
  /** Breaks the wait off. */
  readonly signal: AbortSignal | undefined
  readonly life: PageLife
  onStolen(): void
}

/**
 * Makes this the one owner of a store. With Web Locks, the browser knows who is alive. Without, an owner says so in the
 * database and when it is asked; one that does neither for a lease's time is taken over. Should it live all the same, the
 * epoch keeps it from writing.
 * @throws AutobeeError `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_FAILED`, `UNSUPPORTED_RUNTIME`
 */
export async function acquire(
  name: string,
  environment: Environment,
  options: AcquireOptions
): Promise<Holding> {
  const { indexedDB, locks } = environment
  if (!indexedDB) throw unsupported('there is no IndexedDB here; take memory(), or file(path) in Node')
  const every = environment.lease / 5
  for (;;) {
    await options.life.whenBack()
    const lock = locks ? await lockOf(locks, name, { ...options, every }) : null
    try {
      return await takeOver(name, { ...options, environment, factory: indexedDB, lock })
    } catch (error) {
      if (!(error instanceof PutAside))
        throw isConnectionLost(error) ? lostError(name, error) : storeError(error, name)
    }
  }
}

interface TakeOverOptions extends AcquireOptions {
  readonly environment: Environment
  readonly factory: IDBFactory
  readonly lock: Lock | null
}

/** @throws PutAside when the page was meanwhile: nothing is held then, not even while it is frozen */
async function takeOver(name: string, { lock, life, ...options }: TakeOverOptions): Promise<Holding> {
  const voice = new Voice(options.environment, name)
  const token = randomId()
  let database: IDBDatabase | null = null
  let isAside = life.isAway
  const letGo = () => {
    if (database) {
      breakOff(database)
      // should the claim have been committed
      release(database, { token }).catch(noop)
      database.close()
    }
    void lock?.release()
  }
  const off = life.listen({
    onLeave: () => {
      isAside = true
      letGo()
    },
    onReturn: noop
  })
  const check = () => {
    if (isAside) throw new PutAside()
  }
  try {
    check()
    const connection = await connect(name, options)
    database = connection.database
    check()
    const owner = await own(database, { ...options, name, token, voice, hasLock: lock !== null })
    check()
    voice.say('taken', owner.token)
    return { connection, owner, lock, voice }
  } catch (error) {
    database?.close()
    voice.close()
    await lock?.release()
    throw isAside ? new PutAside() : error
  } finally {
    off()
  }
}

async function lockOf(
  locks: LockManager,
  name: string,
  options: AcquireOptions & { every: number }
): Promise<Lock> {
  try {
    return await (options.wait ? awaitLock : takeLock)(locks, name, options)
  } catch (error) {
    throw openError(error, name)
  }
}

interface OwnOptions {
  readonly name: string
  readonly environment: Environment
  /** Of the owner that this becomes. */
  readonly token: string
  readonly voice: Voice
  readonly hasLock: boolean
  readonly wait: boolean
  readonly signal: AbortSignal | undefined
}

async function own(database: IDBDatabase, options: OwnOptions): Promise<Owner> {
  const { name, environment, token, voice, hasLock, wait, signal } = options
  const found: { gone: Holder | null } = { gone: null }
  for (;;) {
    const result = await claim(database, { token, hasLock, now: environment.now(), gone: found.gone })
    if ('owner' in result) return result.owner
    const { holder } = result
    // heard of since it was taken for gone
    const hasBeaten = found.gone?.token === holder.token
    const isAlive = hasBeaten || (await voice.isAlive(holder, patience(holder, environment)))
    found.gone = isAlive ? null : holder
    if (!isAlive) continue
    if (!wait || signal?.aborted) throw lockedError(name)
    await voice.whenFree(environment.lease / 5)
  }
}

/** ms until an owner that does not answer is gone. Who was last heard of long ago, or in the future, gets a moment. */
function patience(holder: Holder, { now, lease }: Environment): number {
  const age = now() - holder.beat
  const isFresh = holder.hasLock || (age >= 0 && age < lease)
  const rest = holder.hasLock ? lease : lease - age
  return isFresh ? Math.max(rest, lease / 10) : lease / 10
}

function noop(): void {}
