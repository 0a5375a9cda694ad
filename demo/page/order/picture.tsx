import { laneWidth, pathOf, ROW, widthOf, xOf, yOf } from './geometry.ts'
import type { Edge, Layout, Node } from './layout.ts'
import { memo } from './memo.ts'
import type { Placed } from './moves.ts'

export interface PictureProps {
  readonly layout: Layout
  /** Rows that are drawn. */
  readonly from: number
  readonly to: number
  readonly placed: ReadonlyMap<number, Placed>
  readonly selected: string | null
  readonly marked: ReadonlySet<string>
  /** The class that sets `--writer` to a writer's colour. */
  colourOf(writer: string): string
}

/** The lanes, what is on them, and what refers to what. The list beside it says the same in words. */
export const Picture = memo(function Picture({
  layout,
  from,
  to,
  placed,
  selected,
  marked,
  colourOf
}: PictureProps) {
  const { lanes, nodes, edges } = layout
  const width = widthOf(lanes.length)
  const [top, height] = [from * ROW, (to - from) * ROW]
  const crosses = ({ from: node, to: target }: Edge) =>
    node.row >= from && (target ? target.row < to : node.row <= to)
  const touches = (edge: Edge) =>
    selected !== null && edge.kind === 'link' && (edge.from.id === selected || edge.to?.id === selected)
  const seen = edges.filter(crosses)
  return (
    <svg
      class={`order-picture${selected ? ' has-selected' : ''}`}
      aria-hidden="true"
      width={width}
      height={height}
      viewBox={`0 ${top} ${width} ${height}`}
      style={{ top: `${top}px` }}
    >
      {lanes.map((writer, lane) => (
        <line
          key={writer}
          class={`order-lane ${colourOf(writer)}`}
          x1={xOf(lane, lanes.length)}
          x2={xOf(lane, lanes.length)}
          y1={top}
          y2={top + height}
        />
      ))}
      <g class="order-edges">
        {seen.map(edge => (
          <path
            key={edge.id}
            class={`order-edge ${edge.kind}${edge.to ? '' : ' stub'}${touches(edge) ? ' touched' : ''} ${colourOf(lanes[edge.kind === 'own' ? edge.from.lane : edge.toLane] ?? '')}`}
            d={pathOf(edge, lanes.length)}
          />
        ))}
      </g>
      {nodes
        .filter(({ row }) => row >= from && row < to)
        .map(node => {
          const one = placed.get(node.row)
          return (
            one && (
              <Dot
                key={node.id}
                node={node}
                one={one}
                lanes={lanes.length}
                isSelected={node.id === selected}
                isMarked={marked.has(node.id)}
                colour={colourOf(one.writer)}
              />
            )
          )
        })}
    </svg>
  )
})

interface DotProps {
  readonly node: Node
  readonly one: Placed
  readonly lanes: number
  readonly isSelected: boolean
  readonly isMarked: boolean
  readonly colour: string
}

/** Filled: applied. Hollow: skipped. Dashed ring: written by somebody who was no member. Small: it only confirms others. */
function Dot({ node, one, lanes, isSelected, isMarked, colour }: DotProps) {
  const radius = radiusIn(lanes)
  const { unit } = one
  const kind = [
    'order-dot',
    colour,
    unit.verdict,
    unit.isTentative && 'tentative',
    isMarked && 'marked',
    isSelected && 'selected'
  ]
  return (
    <g transform={`translate(${xOf(node.lane, lanes)} ${yOf(node)})`}>
      <g class={kind.filter(Boolean).join(' ')} data-id={node.id}>
        {(isSelected || isMarked) && <circle class="order-halo" r={radius + 5} />}
        {unit.optimistic && <circle class="order-guest" r={radius + 3} />}
        <circle class="order-core" r={unit.ack ? radius * 0.65 : radius} />
      </g>
    </g>
  )
}

function radiusIn(lanes: number): number {
  return Math.min(6.5, laneWidth(lanes) / 2 - 1.5)
}
