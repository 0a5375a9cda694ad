import b4a from 'b4a'
import { expect } from 'vitest'
import type { Inspection } from '../../src/engine/engine.ts'
import { INSPECT } from '../../src/options.ts'
import { until } from '../support/peers.ts'
import type { Child, Status } from './child.ts'
import { hex, type Peer } from './workshop.ts'

/** DURABILITY_SEED repeats a run, as far as a run with kills can be repeated. */
export function newSeed(name: string): number {
  const seed = Number(process.env['DURABILITY_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  console.log(`${name}: DURABILITY_SEED=${seed}`)
  return seed
}

export function inspect(peer: Peer): Inspection {
  return (peer.db as unknown as { [INSPECT](): Inspection })[INSPECT]()
}

export async function statusOf(
  end: Peer | Child
): Promise<Pick<Status, 'position' | 'orderHash' | 'digest'>> {
  if ('status' in end) {
    const { position, orderHash, digest } = await end.status()
    return { position, orderHash, digest }
  }
  while (!inspect(end).cycle.isIdle) await end.db.updated()
  const { linearizer, orderHash } = inspect(end)
  const digest = await end.db.bee.get(b4a.from('digest'))
  return {
    position: linearizer.length,
    orderHash: hex(orderHash()),
    digest: digest && b4a.toString(digest.value as Uint8Array)
  }
}

/** Waits until two ends have ordered and applied the same. The time-out of the test ends it. */
export async function expectSame(a: Peer | Child, b: Peer | Child): Promise<void> {
  await until(async () => {
    const [one, other] = [await statusOf(a), await statusOf(b)]
    return one.position === other.position && one.orderHash === other.orderHash && one.digest === other.digest
  })
}

/** Nothing happened that should not when a process is merely killed. */
export function expectCalm(child: Child): void {
  for (const name of ['conflict', 'writer-frozen', 'diverged', 'recovered', 'rejected', 'error', 'waiting']) {
    expect(child.events(name), name).toEqual([])
  }
  expect(child.said.find(({ failed }) => failed)).toBeUndefined()
}
