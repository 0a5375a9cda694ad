import type { Scope } from '../scope.ts'

/** Something that takes one value after the other. */
export type Append = (value: Uint8Array) => Promise<unknown>

/** A bare Hypercore in a store of its own: the yardstick for single appends. */
export async function openHypercore(scope: Scope): Promise<Append> {
  const core = (await scope.store()).get({ name: 'bare' })
  await core.ready()
  return value => core.append(value as Buffer)
}
