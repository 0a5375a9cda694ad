import type { KeyRange, ReadRange } from '../../../src/typed/index.ts'
import { until } from '../life.ts'
import { type Entry, isUnfetched } from './entries.ts'
import { flag, operation } from './operation.ts'
import { checkRange, checkReadRange } from './range.ts'

/** A change, in the form that `append` takes; `previous` is there when the key was. */
export type Change =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown; readonly previous?: unknown }
  | { readonly type: 'del'; readonly key: string; readonly previous: unknown }

/** From here on no change is missed. */
export interface Watching {
  readonly type: 'watching'
}

/** Nothing has come from other peers yet, so that there is nothing says nothing. */
export interface Unfetched {
  readonly type: 'unfetched'
}

export const list = operation<ReadRange<string>, Entry | Unfetched>({
  check: checkReadRange,
  async *run({ kv }, range, { signal }) {
    if (isUnfetched(kv)) yield { type: 'unfetched' }
    for await (const { key, value } of until(kv.list(range), signal)) yield { key, value }
  }
})

export const watch = operation<{ range: KeyRange<string>; initial: boolean }, Change | Watching>({
  check: params => ({ range: checkRange(params), initial: flag(params, 'initial') }),
  async *run({ kv }, { range, initial }, { signal }) {
    const watcher = kv.watch(range)
    // as of the same moment as the watcher: nothing is told twice or missed
    const entries = initial ? kv.list(range) : null
    try {
      yield { type: 'watching' }
      if (entries) {
        for await (const { key, value } of until(entries, signal)) yield { type: 'put', key, value }
      }
      for await (const change of until(watcher, signal)) {
        const { type, key, value, previous } = change
        if (type === 'del') yield { type, key, previous }
        else yield previous === null ? { type, key, value } : { type, key, value, previous }
      }
    } finally {
      await watcher.close()
    }
  }
})
