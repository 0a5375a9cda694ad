import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import type { Item, OtherVersion, Row } from '../state/model-types.ts'
import { useStore } from '../state/store.ts'
import { useColour, useName } from './face.tsx'
import { keepFocus } from './focus.ts'
import { useSession, useWritable } from './session-context.ts'
import { ago } from './time.ts'

interface Props {
  readonly id: string
  readonly row: Row
  readonly list: string
  onclose(): void
}

/** All of an item: note, other versions, where it is, who made it. Read only while it is open. */
export function ItemDetails({ id, row, list, onclose }: Props) {
  const session = useSession()
  const writable = useWritable()
  const item = useStore(session.board, state => state.items.get(row.id) ?? null)
  useEffect(() => {
    session.reader.openItem(row.id, true)
    return () => session.reader.openItem(row.id, false)
  }, [session, row.id])
  return (
    <div class="more" id={id}>
      {item && (
        <>
          {item.others.map(other => (
            <Other key={other.version} item={item} other={other} />
          ))}
          <Note item={item} writable={writable} />
          {writable && <Places row={row} list={list} />}
          <div class="row">
            <Author item={item} />
            {writable && (
              <button
                type="button"
                class="button danger"
                onClick={event => {
                  const next = neighbourOf(event.currentTarget)
                  onclose()
                  void session.remove(row.id, row.text).then(() => keepFocus(() => next))
                }}
              >
                Remove
              </button>
            )}
          </div>
        </>
      )}
    </div>
  )
}

/** Where one goes on when an item is gone: the next item, the one before it, or the field for a new one. */
function neighbourOf(element: HTMLElement): HTMLElement | null | undefined {
  const item = element.closest('.item')
  const other = item?.nextElementSibling ?? item?.previousElementSibling
  return (other ?? element.closest('.list'))?.querySelector<HTMLElement>(other ? '.what' : '.add input')
}

function Author({ item: { created, text } }: { item: Item }) {
  const author = useName(created.by)
  const editor = useName(text.by)
  const colour = useColour(created.by)
  return (
    <p class="small quiet grow">
      <span class={`dot ${colour}`} aria-hidden="true" /> {author}, {ago(created.at)}
      {text.by !== created.by && `; changed by ${editor}, ${ago(text.at)}`}
    </p>
  )
}

function Other({ item, other }: { item: Item; other: OtherVersion }) {
  const session = useSession()
  const writable = useWritable()
  const name = useName(other.by)
  const colour = useColour(other.by)
  const isNote = other.field === 'note'
  const now = isNote ? (item.note?.value ?? '') : item.text.value
  const settle = { op: 'settle', id: item.id, version: other.version } as const
  const change = { op: 'edit', id: item.id, was: now } as const
  return (
    <div class="version">
      <p class="small quiet">
        <span class={`dot ${colour}`} aria-hidden="true" /> {name} wrote at the same time
        {isNote ? ', as the note' : ''}:
      </p>
      <blockquote>{other.value}</blockquote>
      {writable && (
        <div class="row">
          <button
            type="button"
            class="button"
            onClick={() =>
              void session.act([
                { ...change, ...(isNote ? { note: other.value } : { text: other.value }) },
                settle
              ])
            }
          >
            Take this one
          </button>
          <button type="button" class="button plain" onClick={() => void session.act(settle)}>
            Drop it
          </button>
        </div>
      )}
    </div>
  )
}

/** What others write meanwhile does not touch a field that somebody is in: it becomes another version. It saves, too, when it goes. */
function Note({ item, writable }: { item: Item; writable: boolean }) {
  const session = useSession()
  const field = useRef<HTMLTextAreaElement>(null)
  const now = item.note?.value ?? ''
  const was = useRef(now)
  useEffect(() => {
    const { current } = field
    if (!current || current === document.activeElement || current.value !== was.current) return
    current.value = now
    was.current = now
  }, [now])
  const save = async () => {
    const note = field.current?.value
    const before = was.current
    if (note === undefined || note === before) return
    // at once: the field may go while this is under way, and say it again
    was.current = note
    if (!(await session.act({ op: 'edit', id: item.id, note, was: before })) && was.current === note)
      was.current = before
  }
  // others may move or remove the item meanwhile, and the field with it: what was typed goes where the item is
  useLayoutEffect(() => () => void save(), [item.id])
  return (
    <label class="field">
      <span>Note</span>
      <textarea
        ref={field}
        class="input"
        rows={2}
        maxLength={LIMITS.note}
        readOnly={!writable}
        defaultValue={now}
        onBlur={() => void save()}
      />
    </label>
  )
}

function Places({ row, list }: Omit<Props, 'id' | 'onclose'>) {
  const session = useSession()
  const lists = useStore(session.board, state => state.lists)
  const { rows = [], isAll = true } = lists.find(state => state.list.id === list) ?? {}
  const index = rows.findIndex(({ id }) => id === row.id)
  const isLast = isAll && index === rows.length - 1
  const move = (to: { list: string; index: number }) => void session.move(row.id, to)
  return (
    <div class="row">
      <button
        type="button"
        class="button"
        disabled={index === 0}
        onClick={() => move({ list, index: index - 1 })}
      >
        Up
      </button>
      <button type="button" class="button" disabled={isLast} onClick={() => move({ list, index: index + 1 })}>
        Down
      </button>
      {lists.length > 1 && (
        <select
          class="input grow"
          aria-label="Move to another list"
          value={list}
          onChange={event => move({ list: event.currentTarget.value, index: 0 })}
        >
          {lists.map(state => (
            <option key={state.list.id} value={state.list.id}>
              {state.list.id === list ? `In ${state.list.title.value}` : `Move to ${state.list.title.value}`}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}
