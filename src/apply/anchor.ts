import b4a from 'b4a'
import c from 'compact-encoding'
import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import type { Head } from '../keys.ts'

/** The heads, encoded: count, then key and length of each, in the order of the keys. */
export function encodeAnchor(heads: readonly Head[]): Uint8Array {
  const sorted = [...heads].sort((a, b) => b4a.compare(a.key, b.key))
  const state = { start: 0, end: 9 + sorted.length * 41, buffer: b4a.alloc(0) }
  state.buffer = b4a.allocUnsafeSlow(state.end)
  c.uint.encode(state, sorted.length)
  for (const { key, length } of sorted) {
    c.fixed32.encode(state, key as never)
    c.uint.encode(state, length)
  }
  return state.buffer.subarray(0, state.start)
}

/** Without signers, the core is its prologue: nobody can append, and its key follows from its one block. */
export function anchorManifest(block: Uint8Array): Hypercore.ManifestOptions {
  const leaf = { index: 0, size: block.byteLength, hash: crypto.data(block as never) }
  const hash = crypto.tree([leaf] as never)
  return { version: 1, quorum: 0, signers: [], prologue: { hash, length: 1 } }
}

/** Makes the anchor of these heads, or finds it. */
export async function createAnchor(store: Corestore, heads: readonly Head[]): Promise<Head> {
  const block = encodeAnchor(heads)
  const manifest = anchorManifest(block)
  const core = store.get({ key: Hypercore.key(manifest as never), manifest })
  try {
    await core.ready()
    if (core.length === 0) await core.append(block, { writable: true })
    return { key: b4a.from(core.key), length: core.length }
  } finally {
    await core.close()
  }
}
