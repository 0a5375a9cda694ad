import type { Placed } from './moves.ts'

export interface Here {
  /** Position that has the focus. */
  readonly at: number
  readonly placed: ReadonlyMap<number, Placed>
  /** Writers, by lanes. */
  readonly lanes: readonly string[]
  /** Positions that can be gone to: from `first` to `length - 1`. */
  readonly first: number
  readonly length: number
}

const PAGE = 10

/** Where a key leads to: up and down along the order, left and right to the nearest entry on another lane; null: nowhere. */
export function targetOf(key: string, { at, placed, lanes, first, length }: Here): number | null {
  const within = (position: number) => Math.max(first, Math.min(length - 1, position))
  switch (key) {
    case 'ArrowUp':
      return within(at - 1)
    case 'ArrowDown':
      return within(at + 1)
    case 'PageUp':
      return within(at - PAGE)
    case 'PageDown':
      return within(at + PAGE)
    case 'Home':
      return first
    case 'End':
      return length - 1
    case 'Enter':
    case ' ':
      return at
    case 'ArrowLeft':
      return nearest(-1, { at, placed, lanes })
    case 'ArrowRight':
      return nearest(1, { at, placed, lanes })
    default:
      return null
  }
}

/** The nearest lane on that side with an entry that is loaded, and of its entries the nearest one. */
function nearest(side: -1 | 1, { at, placed, lanes }: Pick<Here, 'at' | 'placed' | 'lanes'>): number | null {
  const writer = placed.get(at)?.writer
  const lane = writer === undefined ? -1 : lanes.indexOf(writer)
  if (lane < 0) return null
  const byWriter = new Map<string, number>()
  for (const [position, one] of placed) {
    const best = byWriter.get(one.writer)
    if (best === undefined || Math.abs(position - at) < Math.abs(best - at))
      byWriter.set(one.writer, position)
  }
  for (let next = lane + side; next >= 0 && next < lanes.length; next += side) {
    const found = byWriter.get(lanes[next] as string)
    if (found !== undefined) return found
  }
  return null
}
