import b4a from 'b4a'
import type Corestore from 'corestore'
import {
  type ApplyNode,
  Autobee,
  type AutobeeOptions,
  type Host,
  type HyperbeeView,
  type KeyLike
} from '../../src/index.ts'

/** What the test databases append: any of these at once. */
export interface Op {
  readonly put?: Record<string, string | number>
  readonly del?: readonly string[]
  readonly addWriter?: string
  /** With `addWriter`: default true. */
  readonly indexer?: boolean
  readonly removeWriter?: string
  /** Acknowledges the unit's own writer, as `apply` of a database that lets strangers in. */
  readonly ack?: boolean
}

/** The `apply` of the test databases: a key-value store with membership. */
export async function apply(nodes: ApplyNode[], view: HyperbeeView, host: Host): Promise<void> {
  for (const node of nodes) {
    const op = JSON.parse(b4a.toString(node.value)) as Op
    if (op.ack) host.ackWriter(node.key)
    if (op.addWriter) host.addWriter(op.addWriter, { isIndexer: op.indexer !== false })
    if (op.removeWriter) host.removeWriter(op.removeWriter)
    const batch = view.write()
    for (const [key, value] of Object.entries(op.put ?? {}))
      batch.tryPut(b4a.from(key), b4a.from(String(value)))
    for (const key of op.del ?? []) batch.tryDelete(b4a.from(key))
    await batch.flush()
  }
}

export function op(value: Op): Uint8Array {
  return b4a.from(JSON.stringify(value))
}

/** An open database; errors that nobody listens for fail the test. */
export async function openPeer<View = HyperbeeView>(
  store: Corestore,
  key: KeyLike | null = null,
  options: AutobeeOptions<View> = {}
): Promise<Autobee<View>> {
  const db = new Autobee<View>(store, key, { apply: apply as never, ackInterval: 0, ...options })
  await db.ready()
  return db
}

/** Replicates two databases in this process. Returns what cuts them apart. */
export function connect(a: Replicates, b: Replicates): () => Promise<void> {
  const left = a.replicate(true)
  const right = b.replicate(false)
  left.on('error', () => {})
  right.on('error', () => {})
  left.pipe(right as never)
  right.pipe(left as never)
  const closed = Promise.all(
    [left, right].map(stream => new Promise(resolve => stream.once('close', resolve as never)))
  )
  return async () => {
    left.destroy()
    right.destroy()
    await closed
  }
}

interface Replicates {
  replicate(isInitiator: boolean): ReturnType<Autobee['replicate']>
}

/** The whole view, as text. */
export async function contents(db: { bee: HyperbeeView }): Promise<Record<string, string>> {
  const entries: Record<string, string> = {}
  for await (const { key, value } of db.bee.createReadStream()) {
    entries[b4a.toString(key as Uint8Array)] = b4a.toString(value as Uint8Array)
  }
  return entries
}

/** Waits for a condition, looking again after every event loop turn; the test's own time-out ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}
