/**
 * Leans on internals of hyperbee2 (with atomic.ts and core-internals.ts): what its context reads a tree's blocks by.
 *
 * A node of the tree refers to a block for each of its keys, and each of them is read and decoded whole. After a bulk write
 * that is the same few blocks a hundred times over for every node. So blocks are kept as decoded, up to a size.
 */
import type Hyperbee from 'hyperbee2'

/** Bytes of keys and values in kept blocks; each key costs some more. */
const KEPT_BYTES = 4 * 1024 * 1024
const KEY_BYTES = 128

interface Block {
  readonly keys?: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[] | null
  readonly values?: readonly Uint8Array[] | null
}

interface Config {
  readonly trace?: unknown
}

interface Context {
  getBlock?: (seq: number, core: number, config: Config) => Promise<Block>
}

interface Kept {
  readonly block: Promise<Block>
  /** 0 while it is being read. */
  bytes: number
}

/**
 * Reads of this tree, and of what shares its context (snapshots, checkouts), go through a cache of blocks. A core's blocks
 * never change as long as it is only appended to; whoever truncates it opens the tree anew.
 */
export function cacheBlocks(bee: Hyperbee, { keptBytes = KEPT_BYTES }: { keptBytes?: number } = {}): void {
  const context = (bee as unknown as { context?: Context }).context
  const read = context?.getBlock
  if (!context || typeof read !== 'function') return
  const cache = new BlockCache(keptBytes)
  context.getBlock = (seq, core, config) => {
    // who traces wants to hear of every read
    if (config?.trace) return read.call(context, seq, core, config)
    return cache.get(`${core}/${seq}`, () => read.call(context, seq, core, config))
  }
}

class BlockCache {
  /** The one that was used last comes last. */
  readonly #kept = new Map<string, Kept>()
  readonly #keptBytes: number
  #bytes = 0

  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes
  }

  get(id: string, read: () => Promise<Block>): Promise<Block> {
    const known = this.#kept.get(id)
    if (known) {
      this.#kept.delete(id)
      this.#kept.set(id, known)
      return known.block
    }
    const kept: Kept = { block: read(), bytes: 0 }
    this.#kept.set(id, kept)
    kept.block.then(
      block => this.#weigh(kept, block),
      // not here now may be here later
      () => this.#kept.get(id) === kept && this.#kept.delete(id)
    )
    return kept.block
  }

  #weigh(kept: Kept, block: Block): void {
    kept.bytes = bytesOf(block)
    this.#bytes += kept.bytes
    for (const [id, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#keptBytes) return
      if (bytes === 0) continue
      this.#kept.delete(id)
      this.#bytes -= bytes
    }
  }
}

function bytesOf({ keys, values }: Block): number {
  let bytes = KEY_BYTES
  for (const { key, value } of keys ?? []) bytes += key.byteLength + (value?.byteLength ?? 0) + KEY_BYTES
  for (const value of values ?? []) bytes += value.byteLength
  return bytes
}
