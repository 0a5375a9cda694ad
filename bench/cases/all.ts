/** Every case, in the order of the table. */
import { oneBatch, parallel, sequential } from './appends.ts'
import type { Case } from './case.ts'
import { latency } from './live.ts'
import { fork, hub } from './merges.ts'
import { coldReader, gets } from './reads.ts'

export function allCases({ quick }: { quick: boolean }): readonly Case[] {
  const size = (full: number, small: number) => (quick ? small : full)
  return [
    sequential(size(1000, 100)),
    oneBatch(size(2000, 200)),
    parallel(size(2000, 200)),
    gets(size(10_000, 500)),
    latency(size(200, 20)),
    fork(size(100, 10)),
    fork(size(500, 20), { rounds: 5 }),
    hub({ writers: size(8, 2), each: size(50, 5), role: 'indexer', rounds: 3 }),
    hub({ writers: size(8, 2), each: size(50, 5), role: 'writer', rounds: 3 }),
    coldReader(size(2000, 200))
  ]
}
