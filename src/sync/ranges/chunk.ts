import type Hypercore from 'hypercore'
import { readStored } from '../../engine/core-internals.ts'
import { CHUNK_BLOCKS, CHUNK_BYTES } from './limits.ts'

/** Blocks that follow each other, as they are stored: as many as one message may hold. */
export interface Chunk {
  readonly blocks: readonly Uint8Array[]
  readonly bytes: number
}

/** Blocks read at once, when they are small. */
const READ_MOST = 1024

/** `size`: expected bytes per block. null when a block is gone. */
export async function readChunk(
  core: Hypercore,
  { from, to, size }: { from: number; to: number; size: number }
): Promise<Chunk | null> {
  const end = Math.min(to, from + CHUNK_BLOCKS)
  const step = Math.max(1, Math.min(READ_MOST, Math.ceil(CHUNK_BYTES / Math.max(1, size))))
  const blocks: Uint8Array[] = []
  let bytes = 0
  while (from + blocks.length < end) {
    const at = from + blocks.length
    for (const block of await readStored(core, at, Math.min(end, at + step))) {
      if (!block) return null
      if (blocks.length > 0 && bytes + block.byteLength > CHUNK_BYTES) return { blocks, bytes }
      blocks.push(block)
      bytes += block.byteLength
    }
  }
  return { blocks, bytes }
}
