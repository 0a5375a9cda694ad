import type { Autobee } from './autobee.ts'
import type { OnceTag } from './engine/once.ts'
import type { Head } from './keys.ts'

export type { OnceTag }

/** For autobee/tabs. Not part of the public API. */
export const SHARED: unique symbol = Symbol.for('autobee.shared')

/** What the tabs that share a database ask of it, beyond what its users may. */
export interface Shared {
  /** How often the record of numbered appends was written. */
  readonly tick: number
  /** As `append`, of values that are encoded; a request that was done before is answered, not done again. */
  append(values: readonly Uint8Array[], options: { optimistic: boolean; once: OnceTag }): Promise<Head>
  /** That client is gone, and will ask for nothing again. */
  forget(client: string): void
}

/** Of an open database. */
export function sharedOf(db: Autobee<unknown>): Shared {
  return (db as unknown as { readonly [SHARED]: Shared })[SHARED]
}
