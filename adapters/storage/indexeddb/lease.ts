import { fence } from './log.ts'
import { begin, completed, read, STORES } from './requests.ts'
import { isSameOwner, type Owner } from './write.ts'

/** What an owner leaves behind when it dies, and takes away when it goes. */
interface Lease {
  /** When it was last heard of, ms since 1970; holders of a Web Lock say so only when they come. */
  readonly beat: number
  /** Who holds a Web Lock is dead, or has let go, when somebody else gets that lock. */
  readonly hasLock: boolean
}

/** An owner that may be alive. */
export interface Holder extends Lease, Owner {}

export type Claim = { readonly owner: Owner } | { readonly holder: Holder }

export interface ClaimOptions {
  readonly token: string
  readonly hasLock: boolean
  readonly now: number
  /** Found to be gone: taken over if nothing was heard of it since. */
  readonly gone?: Holder | null
}

/**
 * Takes the store over with the next epoch, unless its owner may be alive. From then on whoever owned it before can write
 * nothing more. What snapshots of the last owner had put aside is thrown away.
 */
export async function claim(
  database: IDBDatabase,
  { token, hasLock, now, gone = null }: ClaimOptions
): Promise<Claim> {
  const transaction = begin(database, [STORES.meta, STORES.log, STORES.undo], {
    mode: 'readwrite',
    durability: 'relaxed'
  })
  const done = completed(transaction)
  const meta = transaction.objectStore(STORES.meta)
  let result: Claim | null = null
  const asked: IDBRequest<Owner | undefined> = meta.get('owner')
  asked.onsuccess = () => {
    const last = asked.result ?? { epoch: 0, token: '' }
    const lease: IDBRequest<Lease | undefined> = meta.get(leaseOf(last.token))
    lease.onsuccess = () => {
      const holder = lease.result && { ...last, ...lease.result }
      const isFree = !holder || (holder.hasLock && hasLock) || isUnheard(holder, gone)
      if (!isFree) {
        result = { holder }
        return
      }
      const owner = { epoch: last.epoch + 1, token }
      meta.put(owner, 'owner')
      meta.delete(leaseOf(last.token))
      meta.put({ beat: now, hasLock } satisfies Lease, leaseOf(token))
      fence(transaction)
      transaction.objectStore(STORES.undo).clear()
      result = { owner }
    }
  }
  await done
  // a transaction completes after its requests were answered
  return result as unknown as Claim
}

/** Says that the owner is alive. false: the store was taken over. */
export async function beat(
  database: IDBDatabase,
  owner: Owner,
  lease: { beat: number; hasLock: boolean }
): Promise<boolean> {
  const transaction = begin(database, [STORES.meta], { mode: 'readwrite', durability: 'relaxed' })
  const done = completed(transaction)
  const meta = transaction.objectStore(STORES.meta)
  const asked: IDBRequest<unknown> = meta.get('owner')
  let isOurs = false
  asked.onsuccess = () => {
    isOurs = isSameOwner(asked.result, owner)
    if (isOurs) meta.put(lease satisfies Lease, leaseOf(owner.token))
  }
  await done
  return isOurs
}

/** Is the store still this owner's? */
export async function verify(database: IDBDatabase, owner: Owner): Promise<boolean> {
  const [stored] = await read<unknown>(database, [STORES.meta], transaction => [
    transaction.objectStore(STORES.meta).get('owner')
  ])
  return isSameOwner(stored, owner)
}

/**
 * Gives the store free; the owner's epoch stays until somebody takes the next. Asks for nothing first, so that it works
 * in a page that is not run any more: only this owner has a lease of that name.
 */
export async function release(database: IDBDatabase, { token }: Pick<Owner, 'token'>): Promise<void> {
  const transaction = begin(database, [STORES.meta], { mode: 'readwrite', durability: 'relaxed' })
  const done = completed(transaction)
  transaction.objectStore(STORES.meta).delete(leaseOf(token))
  transaction.commit()
  await done
}

function isUnheard(holder: Holder, gone: Holder | null): boolean {
  return gone !== null && isSameOwner(holder, gone) && holder.beat === gone.beat
}

function leaseOf(token: string): string {
  return `lease:${token}`
}
