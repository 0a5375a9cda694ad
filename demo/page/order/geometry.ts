import type { Edge, Node } from './layout.ts'

/** Height of a row, CSS px: also of what is tapped. */
export const ROW = 40
/** Room beside the lanes. */
const MARGIN = 8

/** CSS px; less for many lanes, so that the text beside them keeps its room. */
export function laneWidth(lanes: number): number {
  if (lanes <= 6) return 24
  return lanes <= 12 ? 16 : 10
}

export function widthOf(lanes: number): number {
  return 2 * MARGIN + Math.max(1, lanes) * laneWidth(lanes)
}

export function xOf(lane: number, lanes: number): number {
  return MARGIN + (lane + 0.5) * laneWidth(lanes)
}

export function yOf({ row }: Pick<Node, 'row'>): number {
  return (row + 0.5) * ROW
}

/**
 * A curve for what is near. What is farther goes up between two lanes: on a lane it would seem to belong to the units that it passes.
 * What is not in the picture is a stub.
 */
export function pathOf({ from, to, toLane, kind }: Edge, lanes: number): string {
  const [x, y] = [xOf(from.lane, lanes), yOf(from)]
  const end = xOf(toLane, lanes)
  if (!to) {
    const up = y - ROW * 0.75
    return kind === 'own'
      ? `M${x} ${y}V${up}`
      : `M${x} ${y}C${x} ${y - ROW / 2} ${end} ${y - ROW / 4} ${end} ${up}`
  }
  const top = yOf(to)
  if (kind === 'own') return `M${x} ${y}V${top}`
  if (from.row - to.row <= 2) {
    const middle = (y + top) / 2
    return `M${x} ${y}C${x} ${middle} ${end} ${middle} ${end} ${top}`
  }
  const side = end + (end < x ? 0.36 : -0.36) * laneWidth(lanes)
  return (
    `M${x} ${y}C${x} ${y - ROW / 2} ${side} ${y - ROW / 2} ${side} ${y - ROW}` +
    `V${top + ROW / 2}C${side} ${top + ROW / 4} ${end} ${top + ROW / 4} ${end} ${top}`
  )
}
