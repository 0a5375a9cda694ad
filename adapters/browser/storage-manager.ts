/** Bytes of all that this origin stores, not of one store alone. */
export interface StorageEstimate {
  /** Bytes in use, about; null where the browser does not tell. */
  readonly usage: number | null
  /** Bytes that may be in use before writes fail with `STORE_FULL`, about; null where the browser does not tell. */
  readonly quota: number | null
  /** true: the browser deletes nothing by itself when room is short. */
  readonly persisted: boolean
}

/**
 * Asks the browser to delete nothing of this origin by itself when room is short; some ask the user, others decide by how
 * much the page is used. Resolves to whether it agreed; false also where it cannot be asked: in workers of some browsers,
 * and on pages that are not secure.
 */
export async function persist(): Promise<boolean> {
  const manager = storageManager()
  if (!manager?.persist) return isPersisted(manager)
  return manager.persist()
}

/** How much is stored, and how much could be. */
export async function estimate(): Promise<StorageEstimate> {
  const manager = storageManager()
  const { usage = null, quota = null } = (await manager?.estimate?.()) ?? {}
  return { usage, quota, persisted: await isPersisted(manager) }
}

async function isPersisted(manager: Partial<StorageManager> | undefined): Promise<boolean> {
  return (await manager?.persisted?.()) ?? false
}

function storageManager(): Partial<StorageManager> | undefined {
  return (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage
}
