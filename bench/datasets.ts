/** Databases that are made once and read in every round. */
import type { Kind, Peer } from './peers/peer.ts'
import { Scope } from './scope.ts'

export interface Dataset {
  /** Its store's folder; nothing has it open. */
  readonly dir: string
  readonly key: Uint8Array
}

const scope = new Scope()
const made = new Map<string, Promise<Dataset>>()

/** What `fill` put into a new database of this kind. */
export function dataset(
  kind: Kind,
  { name, fill }: { name: string; fill: (peer: Peer) => Promise<unknown> }
): Promise<Dataset> {
  const id = `${kind.name} ${name}`
  const set = made.get(id) ?? make(kind, fill)
  made.set(id, set)
  return set
}

export const removeDatasets = (): Promise<void> => scope.close()

async function make(kind: Kind, fill: (peer: Peer) => Promise<unknown>): Promise<Dataset> {
  const dir = await scope.dir()
  return Scope.run(async inner => {
    const peer = await inner.peer(kind, { dir })
    await fill(peer)
    return { dir, key: peer.key }
  })
}
