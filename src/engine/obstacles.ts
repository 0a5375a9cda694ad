import { AutobeeError } from '../errors.ts'
import { hexOf } from '../keys.ts'
import type { Freeze, WriterCore } from '../oplog/writer.ts'
import type { Emit } from './engine-options.ts'
import type { Blocked, WriterSet } from './writers.ts'

interface ObstacleOptions {
  /** Of the database. */
  readonly key: Uint8Array
  readonly localId: string
  readonly writers: WriterSet
  /** Oplogs that were found forked; see EngineOptions. */
  readonly forked: Set<string>
  emit: Emit
  onfatal(error: AutobeeError): void
}

/** What keeps entries that are here out of the order; each obstacle is told once. */
export class Obstacles {
  readonly #o: ObstacleOptions
  #blocked: readonly Blocked[] = []
  #told = new Set<string>()

  constructor(options: ObstacleOptions) {
    this.#o = options
  }

  get blocked(): readonly Blocked[] {
    return this.#blocked
  }

  /** All that a cycle found. */
  met(blocked: readonly Blocked[]): void {
    const { writers, emit } = this.#o
    this.#blocked = blocked
    const told = new Set<string>()
    for (const { writer, length, reason } of blocked) {
      const id = `${reason}/${writer}/${length}`
      told.add(id)
      if (!this.#told.has(id)) emit('waiting', { reason, key: writers.ensure(writer).key, length })
    }
    this.#told = told
  }

  /** Nothing of that writer is read from there on. */
  froze(writer: WriterCore, { length, reason, message }: Freeze): void {
    const { key: database, localId, forked, emit, onfatal } = this.#o
    const { key, id } = writer
    const isDatabase = id === hexOf(database) && length === 0
    if (isDatabase && (reason === 'ENCRYPTION_KEY_MISMATCH' || reason === 'OPTIONS_MISMATCH')) {
      onfatal(new AutobeeError(reason, message))
      return
    }
    if (reason === 'CONFLICT' && !forked.has(id)) {
      forked.add(id)
      emit('conflict', { key, length, isLocal: id === localId })
    }
    emit('writer-frozen', { key, length, reason, message })
  }
}
