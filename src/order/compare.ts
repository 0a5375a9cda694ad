import type { Rank } from './types.ts'

/**
 * The one comparator: by timestamp, then writer key, then length. Returns 0 for equals only.
 *
 * A unit is always greater than everything that it depends on: its timestamp is higher than that of every unit it links to,
 * and not lower than that of its writer's previous unit, whose length is smaller. So sorting a causally closed set by it
 * puts causes before effects.
 */
export function compareUnits(a: Rank, b: Rank): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1
  return a.length - b.length
}
