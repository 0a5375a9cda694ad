import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { AutobeeError } from '../../../src/index.ts'
import { fromHex } from '../../../src/keys.ts'

/** What Hypercore 11 has for copying block by block. Blocks stay as they are stored: encrypted ones need no key here. */
interface Provable {
  readonly manifest: unknown
  missingNodes(index: number): Promise<number>
  proof(of: {
    block?: { index: number; nodes: number }
    upgrade?: { start: number; length: number }
  }): Promise<{ manifest?: unknown }>
  applyProof(proof: object): Promise<boolean>
}

/** Blocks under way at a time. */
const MOST_BLOCKS = 128

/** Read-only sessions of oplogs in one store, opened as they are needed; nothing is asked of the network. */
export class Oplogs {
  readonly #store: Corestore
  readonly #createIfMissing: boolean
  readonly #cores = new Map<string, Hypercore>()

  /** @param options.createIfMissing also oplogs that the store does not know yet */
  constructor(store: Corestore, { createIfMissing }: { createIfMissing: boolean }) {
    this.#store = store
    this.#createIfMissing = createIfMissing
  }

  /** @param writer hex */
  async of(writer: string): Promise<Hypercore> {
    const known = this.#cores.get(writer)
    if (known) return known
    const core = this.#store.get({
      key: fromHex(writer),
      createIfMissing: this.#createIfMissing,
      writable: false,
      active: false,
      allowFork: false
    })
    this.#cores.set(writer, core)
    await core.ready()
    return core
  }

  async close(): Promise<void> {
    const cores = [...this.#cores.values()]
    this.#cores.clear()
    await Promise.all(cores.map(core => core.close()))
  }
}

/**
 * Copies the blocks `from` to `to` (exclusive), each with what proves it.
 * @throws AutobeeError `WAITING` (reason `BLOCKS`) when one is not there
 */
export async function copyBlocks(
  source: Hypercore,
  target: Hypercore,
  { from, to }: { from: number; to: number }
): Promise<void> {
  const [left, right] = [source as unknown as Provable, target as unknown as Provable]
  if (target.length === 0) {
    // a writer's signature is of all that it has written: the length is known at once, the blocks are not
    const proof = await left.proof({ upgrade: { start: 0, length: source.length } })
    await right.applyProof({ ...proof, manifest: left.manifest })
  }
  for (let start = from; start < to; start += MOST_BLOCKS) {
    const end = Math.min(to, start + MOST_BLOCKS)
    await Promise.all(
      Array.from({ length: end - start }, async (_, i) => {
        const index = start + i
        if (!(await source.has(index))) throw gone(source, index)
        const nodes = await right.missingNodes(index)
        const proof = await left.proof({ block: { index, nodes } })
        if (!(await right.applyProof(proof))) throw gone(source, index)
      })
    )
  }
}

function gone(core: Hypercore, index: number): AutobeeError {
  return new AutobeeError('WAITING', `entry ${index + 1} of writer ${core.id} is not in the store`, {
    reason: 'BLOCKS'
  })
}
