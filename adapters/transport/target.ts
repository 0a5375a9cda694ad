import { AutobeeError } from '../../src/index.ts'

/** The parts of an Autobee and of a Corestore that say whether it is still open; another target may have none. */
interface Closes {
  readonly closed?: unknown
  readonly closing?: unknown
  on?(event: 'close', listener: () => void): unknown
  off?(event: 'close', listener: () => void): unknown
}

/** @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED` */
export function checkTarget(target: object): void {
  if (typeof (target as { replicate?: unknown } | null)?.replicate !== 'function')
    throw new AutobeeError('INVALID_ARGUMENT', 'a transport replicates an Autobee or a Corestore')
  const { closed, closing } = target as Closes
  if (closed === true || closing) throw targetClosed()
}

export function targetClosed(cause?: unknown): AutobeeError {
  return new AutobeeError('CLOSED', 'what the transport replicates is closed', { cause })
}

const watched = new WeakMap<object, Set<() => void>>()

/**
 * Calls back when the target closes, until the returned function is called. However many handles a target has, they
 * put one listener on it: EventEmitter warns of more than ten.
 */
export function onTargetClose(target: object, listener: () => void): () => void {
  const { on, off } = target as Closes
  if (typeof on !== 'function' || typeof off !== 'function') return () => {}
  let listeners = watched.get(target)
  if (!listeners) {
    listeners = new Set()
    watched.set(target, listeners)
  }
  const all = listeners
  if (all.size === 0) on.call(target, 'close', tellAll)
  all.add(listener)
  return () => {
    if (all.delete(listener) && all.size === 0) off.call(target, 'close', tellAll)
  }
}

function tellAll(this: object): void {
  for (const listener of [...(watched.get(this) ?? [])]) listener()
}
