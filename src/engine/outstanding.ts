import { AutobeeError } from '../errors.ts'
import type { WriterCore } from '../oplog/writer.ts'
import type { Engine } from './engine.ts'

/** Entries known to exist that are not applied yet. */
export interface Outstanding {
  readonly writer: string
  readonly length: number
  /** Why nothing will come of waiting; null when it may. */
  readonly reason: 'CLOCK' | 'LINKS' | 'BLOCKS' | 'INTERRUPTED' | null
  readonly message: string
}

/** What all known writers have that the order lacks. Frozen and removed writers are not waited for. */
export function expectations(engine: Engine): Outstanding[] {
  const { linearizer, writers } = engine
  const open: Outstanding[] = []
  for (const writer of writers) {
    if (writer.id === engine.localId || writer.frozen || linearizer.roleOf(writer.id) === 'none') continue
    const length = Math.max(writer.length, writer.hinted, writer.expected)
    if (linearizer.orderedLength(writer.id) >= length) continue
    open.push({ writer: writer.id, length, ...obstacle(engine, { writer, length }) })
  }
  return open
}

function obstacle(
  engine: Engine,
  { writer, length }: { writer: WriterCore; length: number }
): Pick<Outstanding, 'reason' | 'message'> {
  const blocked = engine.blocked.find(item => item.writer === writer.id)
  const name = `writer ${writer.id.slice(0, 8)}`
  if (blocked?.reason === 'CLOCK') {
    return { reason: 'CLOCK', message: `${name} stamped an entry ahead of the local clock` }
  }
  if (blocked?.missing) {
    const source = engine.writers.get(blocked.writer)
    const known = source ? Math.max(source.length, source.expected) : 0
    const hasSource = !!source && known >= blocked.missing.length && !source.frozen
    const message = `${name} refers to entries that are not here`
    return { reason: hasSource && source.inFlight ? null : 'LINKS', message }
  }
  if (engine.cycle.state === 'interrupted') return { reason: 'INTERRUPTED', message: 'apply was interrupted' }
  if (writer.available >= length) {
    const isHalf = writer.readLength >= length && writer.pending.length === 0
    return { reason: isHalf ? 'BLOCKS' : null, message: `${name} has written half a unit` }
  }
  const hasPeer =
    writer.expected >= length || (writer.core?.peers.some(peer => peer.remoteLength >= length) ?? false)
  return { reason: hasPeer ? null : 'BLOCKS', message: `nobody connected has all entries of ${name}` }
}

/** How long blocks that nobody seems to have are waited for while peers are connected, ms: channels open one by one. */
const PATIENCE = 2000
/** How long nothing at all may come although somebody says that he has it, ms: a claim is no block. */
const MOST_PATIENCE = 15_000

/** Decides when waiting has become pointless. */
export class Patience {
  #hopelessSince = 0
  #progress = ''
  #progressAt = performance.now()

  /** @throws AutobeeError `WAITING`, with the reason */
  check(
    waiting: readonly Outstanding[],
    { isConnected, progress }: { isConnected: boolean; progress: string }
  ): void {
    const now = performance.now()
    if (progress !== this.#progress) {
      this.#progress = progress
      this.#progressAt = now
    }
    const first = waiting.find(item => item.reason !== null)
    const isOpen = waiting.some(item => item.reason === null)
    if (isOpen && now - this.#progressAt < MOST_PATIENCE) {
      this.#hopelessSince = 0
      return
    }
    if (this.#hopelessSince === 0) this.#hopelessSince = now
    const isLocal = waiting.every(item => item.reason === 'CLOCK' || item.reason === 'INTERRUPTED')
    if (!isOpen && !isLocal && isConnected && now - this.#hopelessSince < PATIENCE) return
    const message = first?.message ?? 'entries that peers say they have do not come'
    throw new AutobeeError('WAITING', message, { reason: first?.reason ?? 'BLOCKS' })
  }
}
