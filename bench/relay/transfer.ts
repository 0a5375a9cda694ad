/** Blocks that one store has and another reads; the same in Node and in a page. */
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'

/** Most random bytes that a page gives at once. */
const AT_ONCE = 65_536

export interface Load {
  /** Bytes of a block. */
  readonly size: number
  readonly count: number
}

/** A core with random blocks. */
export async function holdBlocks(store: Corestore, { size, count }: Load): Promise<Hypercore> {
  const core = store.get({ name: `blocks of ${size} ${crypto.randomUUID()}` })
  await core.ready()
  const blocks = Array.from({ length: count }, () => {
    const block = new Uint8Array(size)
    for (let at = 0; at < size; at += AT_ONCE) crypto.getRandomValues(block.subarray(at, at + AT_ONCE))
    return block
  })
  // some 4 MiB in one go
  const batch = Math.max(1, Math.floor((4 << 20) / size))
  for (let at = 0; at < count; at += batch) await core.append(blocks.slice(at, at + batch))
  return core
}

/** ms from asking for all blocks, of which this store has none, until they are here. Its length is known before. */
export async function readBlocks(store: Corestore, key: Uint8Array, count: number): Promise<number> {
  const core = store.get({ key, writable: false })
  await core.ready()
  while (core.length < count) await new Promise<void>(resolve => core.once('append', resolve))
  const begin = performance.now()
  await core.download({ start: 0, end: count }).done()
  const ms = performance.now() - begin
  if (core.contiguousLength !== count) throw new Error(`${core.contiguousLength} of ${count} blocks are here`)
  await core.close()
  return ms
}
