import './order.css'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Head } from '../../../src/index.ts'
import { idOfKey } from '../../board/key-text.ts'
import { colourClass } from '../colours.ts'
import { Titles, type Words } from './describe.ts'
import type { OrderFeed } from './feed.ts'
import { laneWidth, ROW, widthOf, xOf } from './geometry.ts'
import { Inspector } from './inspector.tsx'
import { targetOf } from './keyboard.ts'
import { idOf, layout } from './layout.ts'
import { Legend } from './legend.tsx'
import { animateMoves, isMotionWanted, MARKED } from './motion.ts'
import { type Placed, sentenceOf } from './moves.ts'
import { OrderReader, type OrderState, UNREAD, type Waiting } from './order-reader.ts'
import { Picture } from './picture.tsx'
import { Rows } from './rows.tsx'
import { WaitingList } from './waiting-list.tsx'

export interface OrderViewProps {
  readonly feed: OrderFeed
  /** What a writer is called, by the key as z-base-32. */
  nameOf(writer: string): string
  /** What an item or a list is called; null: not known. Default: as the entries that are loaded say. */
  titleOf?(id: string): string | null
  /** The class that sets `--writer` to a writer's colour. Default: by its key alone. */
  colourOf?(writer: string): string
  onerror(error: unknown): void
}

/** Rows beyond what is seen that are there already, and those whose lines are drawn where they pass. */
const OVERSCAN = 8
const AROUND = 60
/** The tallest that browsers let something be is a little more than so many rows. */
const MOST_ROWS = 400_000
/** Closer than this to the end, CSS px, it follows what comes. */
const NEAR = ROW

/** The merged order as a picture and a list in one, and all of any entry that is chosen. It fills what it is put into. */
export function OrderView({ feed, nameOf, titleOf, colourOf = colourClass, onerror }: OrderViewProps) {
  const [state, setState] = useState<OrderState>(UNREAD)
  const [view, setView] = useState({ top: 0, height: 400 })
  const [chosen, setChosen] = useState<Placed | Waiting | null>(null)
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set())
  const [told, setTold] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  const sheet = useRef<HTMLDivElement>(null)
  const reader = useRef<OrderReader | null>(null)
  const lanes = useRef<readonly string[]>([])
  const titles = useRef(new Titles())
  const follows = useRef(true)
  const lastTop = useRef(0)
  /** Row of what is chosen. */
  const chosenRow = useRef<number | null>(null)
  /** Position that is to have the focus as soon as it is rendered, and whether that chooses it. */
  const focusNext = useRef<{ readonly position: number; readonly chooses: boolean } | null>(null)
  const ask = useRef({ nameOf, titleOf, colourOf, onerror })
  ask.current = { nameOf, titleOf, colourOf, onerror }

  const words = useMemo<Words>(
    () => ({
      nameOf: writer => ask.current.nameOf(writer),
      colourOf: writer => ask.current.colourOf(writer),
      titleOf: id => ask.current.titleOf?.(id) ?? titles.current.get(id)
    }),
    [titles.current.version, nameOf, titleOf, colourOf]
  )

  useEffect(() => {
    const own = new OrderReader(feed, {
      onstate: next => {
        for (const { unit } of [...next.placed.values(), ...next.waiting]) titles.current.learn(unit)
        setState(next)
      },
      onerror: error => ask.current.onerror(error)
    })
    reader.current = own
    return () => own.close()
  }, [feed])

  const first = Math.max(0, state.length - MOST_ROWS)
  const seenFrom = first + Math.floor(view.top / ROW)
  const from = Math.max(first, Math.min(seenFrom, state.length) - OVERSCAN)
  const to = Math.min(state.length, seenFrom + Math.ceil(view.height / ROW) + OVERSCAN)
  const drawn = useMemo(() => {
    const units = []
    for (let at = Math.max(0, from - AROUND); at < Math.min(state.length, to + AROUND); at++) {
      const one = state.placed.get(at)
      if (one) units.push(layoutUnit(one))
    }
    const next = layout(units, lanes.current)
    lanes.current = next.lanes
    return next
  }, [state, from, to])

  useEffect(() => reader.current?.want({ from, to }), [from, to])

  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(() => {
      // the details take room: what they are of stays in sight
      if (follows.current) element.scrollTop = element.scrollHeight
      else if (chosenRow.current !== null) reveal(element, chosenRow.current)
      measure()
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // it stays at the end for whoever is there; what is read stays where it is
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element || !state.isRead || !follows.current) return
    const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < element.clientHeight
    const behavior = isNear && isMotionWanted() && element.scrollTop > 0 ? 'smooth' : 'instant'
    element.scrollTo({ top: element.scrollHeight, behavior })
  }, [state.length, state.isRead])

  useLayoutEffect(() => {
    const { moves } = state
    if (!moves) return
    if (sheet.current) animateMoves(sheet.current, moves)
    setMarked(new Set([...moves.moved, ...moves.turned].map(({ id }) => id)))
    setTold('')
    const timer = setTimeout(() => setMarked(new Set()), MARKED)
    return () => clearTimeout(timer)
  }, [state.moves])

  // the chosen one may have moved, or got a place by now
  const shown = useMemo(() => {
    if (!chosen) return null
    for (const one of state.placed.values()) if (one.id === chosen.id) return one
    return state.waiting.find(({ id }) => id === chosen.id) ?? chosen
  }, [chosen, state])
  const place = shown?.unit.position ?? null
  chosenRow.current = place === null ? null : place - first
  const focused = place !== null && place >= from && place < to ? place : Math.max(from, to - 1 - OVERSCAN)

  useLayoutEffect(() => {
    const next = focusNext.current
    if (next === null) return
    const row = sheet.current?.querySelector<HTMLElement>(`[data-position="${next.position}"][data-id]`)
    if (!row) return
    focusNext.current = null
    row.focus({ preventScroll: true })
    const one = next.chooses ? state.placed.get(next.position) : undefined
    if (one) setChosen(one)
  })

  // names may come after the entries
  const moved = useMemo(() => (state.moves ? sentenceOf(state.moves, words) : ''), [state.moves, words])

  const goTo = (position: number) => {
    focusNext.current = { position, chooses: true }
    follows.current = position === state.length - 1
    const element = scroller.current
    if (element) {
      reveal(element, position - first)
      setView({ top: element.scrollTop, height: element.clientHeight })
    }
    const one = state.placed.get(position)
    if (one) setChosen(one)
  }

  const follow = async ({ key, length }: Head) => {
    try {
      const unit = await feed.unit({ key, length })
      if (!unit) return setTold('That entry is not kept on this device.')
      const writer = idOfKey(unit.key)
      if (unit.state === 'waiting')
        return setChosen({ id: idOf({ writer, length: unit.length }), writer, unit })
      setChosen({ id: idOf({ writer, length: unit.length }), writer, unit })
      goTo(unit.position)
    } catch (error) {
      onerror(error)
    }
  }

  const onclick = ({ target }: MouseEvent) => {
    const row = (target as Element).closest<HTMLElement>('.order-row[data-id]')
    if (row) goTo(Number(row.dataset.position))
  }

  const onkey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || state.length === 0) return
    const target = targetOf(event.key, {
      at: focused,
      placed: state.placed,
      lanes: lanes.current,
      first,
      length: state.length
    })
    if (target === null) return
    event.preventDefault()
    goTo(target)
  }

  return (
    <div class="order">
      <div class="order-top">
        <p class="order-count">
          {state.isRead ? counted(state.length, drawn.lanes.length) : 'Reading the order …'}
        </p>
        <Legend />
      </div>
      <p class="order-told" role="status">
        {told || moved}
      </p>
      <div class="order-parts">
        <div class="order-main">
          <WaitingList
            waiting={state.waiting}
            selected={shown?.id ?? null}
            words={words}
            onselect={setChosen}
          />
          <div
            class="order-scroll"
            ref={scroller}
            onScroll={event => {
              const { scrollTop, clientHeight, scrollHeight } = event.currentTarget
              // on its way down to the end it is not there yet, and follows all the same
              if (scrollHeight - scrollTop - clientHeight < NEAR) follows.current = true
              else if (scrollTop < lastTop.current) follows.current = false
              lastTop.current = scrollTop
              setView({ top: scrollTop, height: clientHeight })
            }}
          >
            <div class="order-heads" style={{ width: `${widthOf(drawn.lanes.length)}px` }} aria-hidden="true">
              {drawn.lanes.map((writer, lane) => (
                <span
                  key={writer}
                  class={`order-head ${colourOf(writer)}`}
                  style={{
                    left: `${xOf(lane, drawn.lanes.length)}px`,
                    width: `${Math.min(20, laneWidth(drawn.lanes.length))}px`
                  }}
                  title={nameOf(writer)}
                >
                  {laneWidth(drawn.lanes.length) > 12 ? initial(nameOf(writer)) : ''}
                </span>
              ))}
            </div>
            {state.length > 0 && (
              <div
                class="order-sheet"
                ref={sheet}
                role="listbox"
                aria-label="Entries in their order, the latest last"
                style={{ height: `${(state.length - first) * ROW}px` }}
                onKeyDown={onkey}
                onClick={onclick}
              >
                <div class="order-window" style={{ top: `${-first * ROW}px` }} role="presentation">
                  <Picture
                    layout={drawn}
                    from={from}
                    to={to}
                    placed={state.placed}
                    selected={shown?.id ?? null}
                    marked={marked}
                    colourOf={words.colourOf}
                  />
                  <Rows
                    from={from}
                    to={to}
                    length={state.length}
                    lanes={drawn.lanes.length}
                    placed={state.placed}
                    selected={shown?.id ?? null}
                    focused={focused}
                    marked={marked}
                    words={words}
                  />
                </div>
              </div>
            )}
            {state.isRead && state.length === 0 && (
              <p class="quiet order-none">Nothing has been written yet.</p>
            )}
          </div>
        </div>
        {shown && (
          <Inspector
            unit={shown.unit}
            length={state.length}
            words={words}
            onfollow={head => void follow(head)}
            onclose={() => {
              setChosen(null)
              focusNext.current = { position: focused, chooses: false }
            }}
          />
        )}
      </div>
    </div>
  )
}

/** Scrolls as little as shows a row with the ones beside it; what is far comes into the middle. */
function reveal(element: HTMLElement, row: number): void {
  const [head, top] = [ROW, row * ROW]
  const [above, below] = [top - head, top + 3 * ROW - element.clientHeight]
  const { scrollTop, clientHeight } = element
  const isFar = top < scrollTop - clientHeight || top > scrollTop + 2 * clientHeight
  if (isFar) element.scrollTop = top - clientHeight / 2
  else if (scrollTop > above) element.scrollTop = above
  else if (scrollTop < below) element.scrollTop = below
}

function layoutUnit({ writer, unit }: Placed) {
  const links = unit.links.map(({ key, length }) => ({ writer: idOfKey(key), length }))
  return { writer, start: unit.start, length: unit.length, position: unit.position, links }
}

function counted(length: number, writers: number): string {
  const entries = length === 1 ? '1 entry' : `${length.toLocaleString('en-GB')} entries`
  return writers === 0
    ? 'No entries yet'
    : `${entries} by ${writers === 1 ? '1 writer' : `${writers} writers`}`
}

function initial(name: string): string {
  return ([...name.trim()][0] ?? '').toUpperCase()
}
