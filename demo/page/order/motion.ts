import { ROW } from './geometry.ts'
import type { Moves } from './moves.ts'

/** How long things move, ms. */
const MOVING = 700
/** How long what has moved stays marked, ms. */
export const MARKED = 6000
/** What comes from farther is shown coming from here, in rows. */
const FARTHEST = 12

const EASING = 'cubic-bezier(0.3, 0, 0.1, 1)'

export function isMotionWanted(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches
}

/** Lets rows and dots go from where they were to where they are, and what is new appear in between. */
export function animateMoves(sheet: Element, { from, inserted }: Moves): void {
  if (!isMotionWanted()) return
  const arrived = new Set(inserted.map(({ id }) => id))
  const positions = new Map<string, number>()
  for (const row of sheet.querySelectorAll<HTMLElement>('.order-row[data-id]')) {
    const { id, position } = row.dataset
    if (id) positions.set(id, Number(position))
  }
  for (const element of sheet.querySelectorAll<HTMLElement | SVGElement>('[data-id]')) {
    const id = element.dataset.id ?? ''
    const [before, now] = [from.get(id), positions.get(id)]
    if (before !== undefined && now !== undefined && before !== now) {
      const rows = Math.max(-FARTHEST, Math.min(FARTHEST, before - now))
      element.animate([{ transform: `translateY(${rows * ROW}px)` }, { transform: 'none' }], {
        duration: MOVING,
        easing: EASING
      })
    } else if (arrived.has(id)) {
      const frames = [{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }]
      element.animate(frames, { duration: MOVING })
    }
  }
  const edges = sheet.querySelector('.order-edges')
  edges?.animate([{ opacity: 0.2 }, { opacity: 0.2, offset: 0.6 }, { opacity: 1 }], {
    duration: MOVING * 1.4
  })
}
