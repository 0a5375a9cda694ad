/** What is asked of Hypercore and its storage beyond their documented methods; each part is looked for before it is used. */
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../../../src/index.ts'

interface Pointers {
  readonly dataPointer: number
}

interface CoreStorage {
  readonly core?: Pointers
  write?(): { setSessions(sessions: readonly object[]): void; flush(): Promise<void> }
}

interface InnerCore {
  close?(): Promise<void>
  hasSession?(): boolean
}

/**
 * Deletes a core, so that nothing of it is left in the store: its blocks, its tree, its place in the list of cores. It is closed by
 * that. Hypercore's own `purge` calls what no longer exists (11.37).
 * @throws AutobeeError `NOT_SUPPORTED` when Hypercore or its storage has no such parts, or the core is open elsewhere
 */
export async function deleteCore(store: Corestore, session: Hypercore): Promise<void> {
  const { storage } = (session.state ?? {}) as { storage?: CoreStorage }
  const { deleteCore: remove } = store.storage as { deleteCore?(pointers: Pointers): Promise<void> }
  const pointers = storage?.core
  const inner = session.core as InnerCore | null
  if (!pointers || !storage?.write || !remove || !inner?.close || !inner.hasSession) throw unsupported()
  if (session.length > 0) await session.clear(0, session.length)
  // the storage deletes what the list of named sessions points at, and the core's own data is not on it
  const tx = storage.write()
  tx.setSessions([{ name: 'deleted', dataPointer: pointers.dataPointer }])
  await tx.flush()
  await session.close()
  // what stays open would write again, and be given to the next who asks for that key
  if (inner.hasSession()) throw unsupported()
  await inner.close()
  await remove.call(store.storage, pointers)
}

/** Closes a core for good, not only a session of it. */
export async function closeCore(session: Hypercore): Promise<void> {
  const inner = session.core as InnerCore | null
  await session.close()
  if (inner?.hasSession?.() === false) await inner.close?.()
}

/**
 * Whether growth is taken note of; what is asked for comes anyway. Each proof of a new length leaves something in the store, also when
 * nothing of it is downloaded. Where Hypercore has no such part, it always is.
 */
export function setUpgrades(session: Hypercore, isOn: boolean): void {
  const { replicator } = (session.core ?? {}) as { replicator?: { eagerUpgrade?: unknown } | null }
  if (typeof replicator?.eagerUpgrade === 'boolean') replicator.eagerUpgrade = isOn
}

/**
 * A core that was opened only to be given away takes no proofs of a conflict any more: each would close it again, for all
 * its readers, as often as somebody sends one. Where Hypercore has no such part, that is how it is.
 */
export function ignoreConflicts(session: Hypercore): void {
  const inner = session.core as { checkConflict?: () => Promise<boolean> } | null
  // true: the proof was dealt with
  if (typeof inner?.checkConflict === 'function') inner.checkConflict = async () => true
}

/**
 * Takes no proof whose signature has more than `most` bytes. Hypercore stores whatever follows a valid one, from whoever has the
 * key. Where it has no such part, that is how it is.
 */
export function limitSignatures(session: Hypercore, most: number): void {
  type Verify = (batch: { signature?: Uint8Array | null }, manifest: unknown) => unknown
  const inner = session.core as { _verifyBatchUpgrade?: Verify } | null
  const verify = inner?._verifyBatchUpgrade
  if (!inner || typeof verify !== 'function') return
  inner._verifyBatchUpgrade = (batch, manifest) => {
    // Hypercore talks no more about this core with whoever sent it
    if ((batch.signature?.byteLength ?? 0) > most)
      throw new AutobeeError('ENTRY_TOO_LARGE', `a signature has more than ${most} bytes`)
    return verify.call(inner, batch, manifest)
  }
}

function unsupported(): AutobeeError {
  return new AutobeeError('NOT_SUPPORTED', 'this version of Hypercore cannot delete a core, or it is open')
}
