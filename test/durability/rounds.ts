import b4a from 'b4a'
import { expect } from 'vitest'
import type { Inspection } from '../../src/engine/inspection.ts'
import { INSPECT } from '../../src/options.ts'
import { until } from '../support/peers.ts'
import type { Child, Status } from './child.ts'
import { hex, type Peer } from './workshop.ts'

/** DURABILITY_SEED repeats a run, as far as a run with kills can be repeated. */
export function newSeed(name: string): number {
  const seed = Number(process.env.DURABILITY_SEED ?? Math.floor(Math.random() * 2 ** 32))
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

/** Waits until all ends have ordered and applied the same. The time-out of the test ends it. */
export async function expectSame(...ends: (Peer | Child)[]): Promise<void> {
  await until(async () => {
    const all = await Promise.all(ends.map(statusOf))
    return all.every(one => JSON.stringify(one) === JSON.stringify(all[0]))
  })
}

/** Waits until a value is in the view of all of them. */
export async function expectSeen(id: string, ...peers: Peer[]): Promise<void> {
  for (const { db } of peers) await until(async () => (await db.bee.get(b4a.from(`id/${id}`))) !== null)
}

/** Nothing happened that should not when a process is merely killed. */
export function expectCalm(child: Child): void {
  for (const name of ['conflict', 'writer-frozen', 'diverged', 'recovered', 'rejected', 'error', 'waiting']) {
    expect(child.events(name), name).toEqual([])
  }
  expect(child.said.find(({ failed }) => failed)).toBeUndefined()
}

/** Names of the events of a peer that tell of trouble. */
export function troubles(peer: Peer): string[] {
  return peer.events
    .map(({ name }) => name as string)
    .filter(name => name !== 'recovered' && name !== 'waiting')
}

/** Resolves to the detail of the first event of that name. */
export async function eventOf(peer: Peer, name: string): Promise<Record<string, unknown>> {
  await until(() => peer.events.some(event => event.name === name))
  return peer.events.find(event => event.name === name)?.detail ?? {}
}
