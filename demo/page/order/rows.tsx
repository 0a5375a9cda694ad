import { summarise, type Words } from './describe.ts'
import { ROW, widthOf } from './geometry.ts'
import { memo } from './memo.ts'
import type { Placed } from './moves.ts'
import { clock, dateTime } from './times.ts'

export interface RowsProps {
  readonly from: number
  readonly to: number
  readonly length: number
  readonly lanes: number
  readonly placed: ReadonlyMap<number, Placed>
  readonly selected: string | null
  /** The one that Tab comes to. */
  readonly focused: number
  readonly marked: ReadonlySet<string>
  readonly words: Words
}

/** The same as the picture, as a list: what a screen reader and a keyboard go through. */
export function Rows({ from, to, length, lanes, placed, selected, focused, marked, words }: RowsProps) {
  const rows = []
  for (let position = from; position < to; position++) {
    const one = placed.get(position)
    rows.push(
      <Row
        key={one?.id ?? position}
        one={one ?? null}
        position={position}
        length={length}
        indent={widthOf(lanes)}
        isSelected={one !== undefined && one.id === selected}
        isFocused={position === focused}
        isMarked={one !== undefined && marked.has(one.id)}
        words={words}
      />
    )
  }
  return rows
}

interface RowProps {
  /** null: not loaded yet. */
  readonly one: Placed | null
  readonly position: number
  readonly length: number
  readonly indent: number
  readonly isSelected: boolean
  readonly isFocused: boolean
  readonly isMarked: boolean
  readonly words: Words
}

const Row = memo(function Row({
  one,
  position,
  length,
  indent,
  isSelected,
  isFocused,
  isMarked,
  words
}: RowProps) {
  const place = { top: `${position * ROW}px`, height: `${ROW}px`, paddingLeft: `${indent}px` }
  const unit = one?.unit
  return (
    <div
      role="option"
      class={`order-row${isSelected ? ' selected' : ''}${isMarked ? ' marked' : ''}${unit?.verdict === 'skipped' ? ' skipped' : ''}${unit?.ack ? ' ack' : ''}`}
      style={place}
      id={`order-${position}`}
      data-id={one?.id}
      data-position={position}
      tabIndex={isFocused ? 0 : -1}
      aria-selected={isSelected}
      aria-posinset={position + 1}
      aria-setsize={length}
    >
      {one && unit ? (
        <>
          <span class="order-text">
            <span class={`order-name ${words.colourOf(one.writer)}`}>{words.nameOf(one.writer)}</span>{' '}
            {summarise(unit, words)}
          </span>
          {unit.verdict === 'skipped' && <span class="badge bad">skipped</span>}
          {unit.isTentative && <span class="badge honey">not yet let in</span>}
          {isMarked && <span class="badge honey order-moved">moved</span>}
          {unit.timestamp !== null && (
            <time class="order-time" dateTime={dateTime(unit.timestamp)}>
              {clock(unit.timestamp)}
            </time>
          )}
        </>
      ) : (
        <span class="order-text order-loading">Loading …</span>
      )}
    </div>
  )
})
