import b4a from 'b4a'
import type { Engine } from './engine/engine.ts'
import type { ReadOnlyCopy } from './engine/read-only.ts'

/** One writer of a database. */
export interface WriterInfo {
  readonly key: Uint8Array
  /** Entries known to exist. */
  readonly length: number
  readonly isIndexer: boolean
  readonly isRemoved: boolean
  readonly isLocal: boolean
  /** `frozen`: its entries are not taken from some length on, see the event `writer-frozen`. */
  readonly state: 'active' | 'frozen'
}

/** Every writer that was ever added, the first one first; of what is open when the first is asked for. */
export function* writersOf(of: {
  readonly engine: Engine | null
  readonly copy: ReadOnlyCopy | null
}): IterableIterator<WriterInfo> {
  if (of.engine) yield* writersOfEngine(of.engine)
  else if (of.copy) yield* writersOfCopy(of.copy)
}

function* writersOfEngine(engine: Engine): IterableIterator<WriterInfo> {
  for (const { writer: id, role } of engine.linearizer.members()) {
    const writer = engine.writers.ensure(id)
    const isLocal = id === engine.localId
    yield {
      key: writer.key,
      length: isLocal ? engine.localLength : writer.length,
      isIndexer: role === 'indexer',
      isRemoved: role === 'none',
      isLocal,
      state: writer.frozen ? 'frozen' : 'active'
    }
  }
}

/** Of a store that cannot be written to, where nothing is found out about anybody. */
function* writersOfCopy(copy: ReadOnlyCopy): IterableIterator<WriterInfo> {
  for (const { key, length, role } of copy.writers) {
    const isLocal = b4a.equals(key, copy.oplog.key)
    yield { key, length, isIndexer: role === 'indexer', isRemoved: role === 'none', isLocal, state: 'active' }
  }
}
