/**
 * What is asked of one Hypercore beyond its documented methods. Beside atomic.ts, store-traffic.ts and block-cache.ts the
 * only file that leans on internals; each is looked for before it is used, and without it the stock way is taken.
 */
import b4a from 'b4a'
import type Hypercore from 'hypercore'

/** Is any block of an open core in the store? Where that cannot be told: yes, if the core is known at all. */
export function hasBlocks(core: Hypercore): boolean {
  const { bitfield } = core.core as { bitfield?: { firstSet?: (from: number) => number } }
  if (typeof bitfield?.firstSet !== 'function') return core.length > 0
  return bitfield.firstSet(0) !== -1
}

/**
 * Resolves when what peers have sent of a core so far is verified and stored. When its storage closes in between,
 * Hypercore throws where nobody can catch it.
 */
export async function settled(core: Hypercore): Promise<void> {
  const state = core.state as { mutex?: { lock?: () => Promise<void>; unlock?: () => void } } | null
  if (typeof state?.mutex?.lock !== 'function' || typeof state.mutex.unlock !== 'function') return
  try {
    await state.mutex.lock()
  } catch {
    // closed already
    return
  }
  state.mutex.unlock()
}

/** Has Hypercore seen two versions of this log since the store was opened? It asks nobody for blocks of it any more. */
export function isInConflict(core: Hypercore): boolean {
  return (core.core as { header?: { frozen?: boolean } } | null)?.header?.frozen === true
}

interface ForkInternals {
  reorg?: (batch: unknown) => Promise<boolean>
  readonly replicator?: { allowFork: boolean }
}

/**
 * Calls back when a peer has proved, by the writer's own signature, that the writer truncated its log and went on: a
 * peer's mere claim to have another fork proves nothing. The fork is not taken: what is in the store stays as it is.
 */
export function refuseForks(core: Hypercore, onfork: () => void): void {
  const internals = core.core as ForkInternals
  if (typeof internals.reorg !== 'function' || typeof internals.replicator?.allowFork !== 'boolean') return
  const { replicator } = internals
  const others = Object.hasOwn(internals, 'reorg') ? internals.reorg : null
  internals.reorg = async batch => {
    // it would be offered again and again
    replicator.allowFork = false
    onfork()
    await others?.(batch)
    return false
  }
  // asks for the proof
  replicator.allowFork = true
}

/**
 * Closes a core for good, not only a session of it: what hypercore keeps in memory of a conflict (the frozen mark, the
 * channels that it closed) is gone when the core is opened again. Other sessions of it keep it open.
 */
export async function closeCore(session: Hypercore): Promise<void> {
  const core = session.core as unknown as { close?(): Promise<void>; hasSession?(): boolean } | null
  await session.close()
  if (core?.hasSession?.() === false) await core.close?.()
}

interface BlockReader {
  getBlock(index: number): Promise<Uint8Array | null>
  tryFlush(): void
}

/**
 * Blocks `from` to `to` (exclusive) of an open core, decrypted, without asking the network: null where a block is
 * not here. One read batch for the range where the storage gives one, else block by block.
 */
export async function readBlocks(core: Hypercore, from: number, to: number): Promise<(Uint8Array | null)[]> {
  const blocks = await readStored(core, from, to)
  if (!core.encryption) return blocks
  return Promise.all(blocks.map((block, i) => block && decrypt(core, from + i, block)))
}

/** The same as they are stored: what is encrypted stays so. */
export async function readStored(core: Hypercore, from: number, to: number): Promise<(Uint8Array | null)[]> {
  const recent = recentRanges.get(core.core as object)
  if (
    recent &&
    from >= recent.from &&
    to <= recent.from + recent.blocks.length &&
    to <= core.contiguousLength
  ) {
    return recent.blocks.slice(from - recent.from, to - recent.from)
  }
  const storage = (core.state as unknown as { storage?: { read?: () => BlockReader } } | null)?.storage
  const reads: Promise<Uint8Array | null>[] = []
  if (typeof storage?.read !== 'function') {
    for (let index = from; index < to; index++) {
      reads.push(core.get(index, { wait: false, raw: true }) as Promise<Uint8Array | null>)
    }
    return Promise.all(reads)
  }
  const reader = storage.read()
  for (let index = from; index < to; index++) reads.push(reader.getBlock(index))
  reader.tryFlush()
  return Promise.all(reads)
}

/** A range that was taken last is read at once, to be applied and to be handed on: it need not come from the store. */
const recentRanges = new WeakMap<object, { readonly from: number; readonly blocks: readonly Uint8Array[] }>()
const RECENT_BLOCKS = 64

interface SignedState {
  readonly length: number
  readonly byteLength: number
  readonly fork: number
  readonly signature: Uint8Array | null
  append(
    blocks: readonly Uint8Array[],
    options: { signature: Uint8Array; maxLength: number }
  ): Promise<unknown>
}

/** What the store has of a log, signed by its writer: the state under every session of it. */
function signedState(core: Hypercore): SignedState | null {
  const state = (core.core as { state?: Partial<SignedState> } | null)?.state
  const isKnown =
    typeof state?.append === 'function' &&
    typeof state.length === 'number' &&
    typeof state.byteLength === 'number' &&
    typeof state.fork === 'number'
  return isKnown ? (state as SignedState) : null
}

/** How much of a log is here, in blocks and in bytes as stored, and its writer's signature of just that. */
export interface SignedHead {
  readonly length: number
  readonly bytes: number
  /** null while the log is empty. */
  readonly signature: Uint8Array | null
}

/** null when blocks are missing, when the log was truncated once or is in conflict, and where that cannot be told. */
export function signedHead(core: Hypercore): SignedHead | null {
  if (!core.opened || core.closing || isInConflict(core)) return null
  const state = signedState(core)
  if (state?.fork !== 0 || core.contiguousLength < state.length) return null
  if (state.length > 0 && !state.signature) return null
  return { length: state.length, bytes: state.byteLength, signature: state.signature ?? null }
}

/**
 * Appends blocks as they are stored elsewhere to somebody else's log, if the signature is its writer's of the head after
 * them; Hypercore checks that and writes all or nothing. A log that would get longer than `length` stays as it is.
 * @throws Error of Hypercore's when the signature does not fit
 */
export async function appendSigned(
  core: Hypercore,
  blocks: readonly Uint8Array[],
  { signature, length }: { signature: Uint8Array; length: number }
): Promise<void> {
  const from = core.length
  await signedState(core)?.append(blocks, { signature, maxLength: length })
  const isTaken = core.length === from + blocks.length && core.length === length
  if (isTaken && core.core && blocks.length <= RECENT_BLOCKS) recentRanges.set(core.core, { from, blocks })
}

interface Replicator {
  eagerUpgrade: boolean
}

/** Whoever wants a say in when Hypercore fetches by itself: several databases of one store may follow one log. */
const guards = new WeakMap<Replicator, Set<() => boolean>>()

/**
 * Hypercore asks for the proof of a longer log as soon as a peer says that it has one. From now on it does so only when
 * `mayUpgrade` says yes. Whatever is asked of it (a block, an update) it does all the same. Returns what ends it.
 */
export function guardUpgrades(core: Hypercore, mayUpgrade: () => boolean): () => void {
  const replicator = (core.core as { replicator?: Replicator } | null)?.replicator
  if (!replicator) return () => {}
  let asked = guards.get(replicator)
  if (!asked) {
    if (typeof replicator.eagerUpgrade !== 'boolean') return () => {}
    const all = new Set<() => boolean>()
    asked = all
    guards.set(replicator, all)
    Object.defineProperty(replicator, 'eagerUpgrade', {
      configurable: true,
      enumerable: true,
      // nobody left to ask: as it was
      get: () => all.size === 0 || [...all].some(may => may())
    })
  }
  asked.add(mayUpgrade)
  return () => asked.delete(mayUpgrade)
}

/**
 * A proof that Hypercore asked for before the log grew in another way no longer fits on it. Hypercore takes that for a
 * fault of the peer, and asks it for nothing ever again. Returns what ends it.
 */
export function forgiveStaleProofs(core: Hypercore): () => void {
  const forgive = (
    error: { readonly code?: string },
    request: { readonly upgrade?: { readonly start: number } | null } | null,
    _: unknown,
    peer: { paused?: boolean }
  ) => {
    const start = request?.upgrade?.start
    const isStale = error.code === 'INVALID_OPERATION' && start !== undefined && start < core.length
    if (isStale && peer.paused === true) peer.paused = false
  }
  core.on('verification-error' as never, forgive as never)
  return () => core.off('verification-error' as never, forgive as never)
}

interface Encryption {
  padding(core: unknown, index: number): number
  decrypt(index: number, block: Uint8Array, core: unknown): void | Promise<void>
}

async function decrypt(core: Hypercore, index: number, block: Uint8Array): Promise<Uint8Array> {
  const encryption = core.encryption as unknown as Encryption
  const padding = encryption.padding(core.core, index)
  // shorter than its own padding: not encrypted, or not written by this software
  if (block.byteLength < padding) return block.subarray(0, 0)
  const plain = b4a.from(block)
  await encryption.decrypt(index, plain, core.core)
  return plain.subarray(padding)
}
