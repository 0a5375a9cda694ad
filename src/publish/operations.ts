import b4a from 'b4a'
import { changesBetween } from '../apply/changes.ts'
import { AutobeeError, toAutobeeError } from '../errors.ts'
import type { HyperbeeView } from '../view.ts'
import type { PublishedEntry, PublishSettings } from './options.ts'

/** What a key of the published tree is to be: null, not there. Doing it twice does no harm. */
export interface Operation {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

type Map = PublishSettings['map']

/** What leads from `from`, states of the view of which each published key is as one has it, to `to`. */
export async function* differences(
  from: readonly HyperbeeView[],
  { to, map }: { to: HyperbeeView; map: Map }
): AsyncGenerator<Operation, void> {
  for (const state of from) {
    for await (const { key, before, after } of changesBetween(state, to)) {
      const value = after && mapped({ key, value: after }, map)
      // where keys may be as one of several states, it has to be looked at in the published tree
      if (from.length === 1 && map && sameValue(before && mapped({ key, value: before }, map), value))
        continue
      yield { key, value }
    }
  }
}

/** What leads from what is published to `to`: both are read side by side, in the order of the keys. */
export async function* comparison(
  published: AsyncIterable<PublishedEntry>,
  { to, map }: { to: HyperbeeView; map: Map }
): AsyncGenerator<Operation, void> {
  const has = iterate(published)
  const wants = iterate(to.createReadStream())
  try {
    let [old, entry] = await Promise.all([has.next(), wants.next()])
    while (old || entry) {
      const order = !old ? 1 : !entry ? -1 : b4a.compare(old.key, entry.key)
      if (order < 0 || !entry) {
        yield { key: (old as PublishedEntry).key, value: null }
      } else {
        const value = mapped(entry, map)
        const before = order === 0 && old ? old.value : null
        if (!sameValue(before, value)) yield { key: entry.key, value }
      }
      const [isOldDone, isEntryDone] = [order <= 0, order >= 0]
      if (isOldDone) old = await has.next()
      if (isEntryDone) entry = await wants.next()
    }
  } finally {
    await Promise.all([has.close(), wants.close()])
  }
}

/** All of `to`. */
export async function* everything(to: HyperbeeView, map: Map): AsyncGenerator<Operation, void> {
  for await (const entry of to.createReadStream()) {
    const value = mapped(entry, map)
    if (value) yield { key: entry.key, value }
  }
}

function mapped({ key, value }: PublishedEntry, map: Map): Uint8Array | null {
  if (!map) return value
  try {
    const result = map({ key, value })
    if (result === null || result instanceof Uint8Array) return result
  } catch (error) {
    throw toAutobeeError(error, { code: 'APPLY_FAILED', message: 'map threw' })
  }
  throw new AutobeeError('APPLY_FAILED', 'map gives bytes or null')
}

function sameValue(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a && b ? b4a.equals(a, b) : a === b
}

function iterate(stream: AsyncIterable<PublishedEntry>) {
  const iterator = stream[Symbol.asyncIterator]()
  return {
    next: async () => (await iterator.next()).value as PublishedEntry | undefined,
    close: async () => void (await iterator.return?.())
  }
}
