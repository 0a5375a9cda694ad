import { useRef, useState } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import type { ListState } from '../state/board-state.ts'
import { useDropTarget } from './drag.ts'
import { Icon } from './icons.tsx'
import { ItemRow } from './item-row.tsx'
import { ListMenu } from './list-menu.tsx'
import { useSession, useWritable } from './session-context.ts'

/** One list with the first of its items. */
export function ListColumn({ state, isCurrent }: { state: ListState; isCurrent: boolean }) {
  const { list, rows, isAll } = state
  const session = useSession()
  const writable = useWritable()
  const [isMenuOpen, setMenuOpen] = useState(false)
  const drop = useDropTarget(list.id, rows.length)
  const title = `list-${list.id}`
  return (
    <section
      class={isCurrent ? 'list current' : 'list'}
      aria-labelledby={title}
      data-list={list.id}
      {...drop}
    >
      <header>
        <h2 id={title}>{list.title.value}</h2>
        <span class="count">
          <span class="unseen">Done: </span>
          {list.done}/{list.items}
        </span>
        {writable && (
          <button
            type="button"
            class="button icon plain"
            aria-expanded={isMenuOpen}
            aria-label={`Change the list ${list.title.value}`}
            onClick={() => setMenuOpen(!isMenuOpen)}
          >
            <Icon name="more" />
          </button>
        )}
      </header>
      {list.items > 0 && (
        <progress
          class="progress"
          max={list.items}
          value={list.done}
          aria-label={`${list.title.value}: done`}
        />
      )}
      {isMenuOpen && <ListMenu state={state} onclose={() => setMenuOpen(false)} />}
      {writable && <AddItem list={list.id} title={list.title.value} />}
      {rows.length === 0 ? (
        <p class="empty">Nothing on this list.</p>
      ) : (
        <ul class="items">
          {rows.map(row => (
            <ItemRow key={row.id} row={row} list={list.id} writable={writable} />
          ))}
        </ul>
      )}
      {!isAll && (
        <button type="button" class="button plain" onClick={() => session.reader.more(list.id)}>
          Show more ({list.items - rows.length})
        </button>
      )}
    </section>
  )
}

function AddItem({ list, title }: { list: string; title: string }) {
  const session = useSession()
  const input = useRef<HTMLInputElement>(null)
  const add = async (event: SubmitEvent) => {
    event.preventDefault()
    const field = input.current
    const text = field?.value.trim()
    if (!field || !text) return
    // the next may be typed at once; what could not be written comes back
    field.value = ''
    field.focus()
    if (!(await session.addItem(list, text))) field.value = field.value ? `${text} ${field.value}` : text
  }
  return (
    <form class="add" onSubmit={add}>
      <input
        ref={input}
        class="input"
        name="text"
        aria-label={`New item on ${title}`}
        placeholder="Add an item"
        maxLength={LIMITS.text}
        autocomplete="off"
        enterkeyhint="done"
      />
      <button type="submit" class="button icon" aria-label={`Add to ${title}`}>
        <Icon name="plus" />
      </button>
    </form>
  )
}
