import { useRef } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import { placeBetween } from '../../board/places.ts'
import type { ListState } from '../state/board-state.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'

/** Title, place and end of a list. */
export function ListMenu({ state: { list }, onclose }: { state: ListState; onclose(): void }) {
  const session = useSession()
  const lists = useStore(session.board, state => state.lists)
  const index = lists.findIndex(state => state.list.id === list.id)
  const title = list.title.value
  const isTyping = useRef(false)
  /** What its editor saw: a field in which somebody types does not show what others write. */
  const was = useRef(title)
  if (!isTyping.current) was.current = title

  const rename = async (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = String(new FormData(event.currentTarget as HTMLFormElement).get('title')).trim()
    if (!wanted || wanted === title || wanted === was.current) return onclose()
    if (await session.act({ op: 'list', id: list.id, title: wanted, was: was.current })) onclose()
  }
  const moveTo = (to: number) => {
    const others = lists.filter(state => state.list.id !== list.id)
    const place = placeBetween([others[to - 1]?.list.place ?? null, others[to]?.list.place ?? null])
    void session.act({ op: 'list', id: list.id, place })
  }
  return (
    <div class="list-menu stack">
      <form class="row" onSubmit={rename}>
        <input
          class="input grow"
          name="title"
          required
          maxLength={LIMITS.title}
          defaultValue={title}
          onInput={() => {
            isTyping.current = true
          }}
          aria-label="Title of the list"
        />
        <button type="submit" class="button">
          Rename
        </button>
      </form>
      {list.others.map(other => (
        <div key={other.version} class="version">
          <p class="small quiet">Somebody else called it at the same time:</p>
          <blockquote>{other.value}</blockquote>
          <div class="row">
            <button
              type="button"
              class="button"
              onClick={() =>
                void session.act([
                  { op: 'list', id: list.id, title: other.value, was: title },
                  { op: 'settle', id: list.id, version: other.version }
                ])
              }
            >
              Take this one
            </button>
            <button
              type="button"
              class="button plain"
              onClick={() => void session.act({ op: 'settle', id: list.id, version: other.version })}
            >
              Drop it
            </button>
          </div>
        </div>
      ))}
      <div class="row">
        <button type="button" class="button" disabled={index <= 0} onClick={() => moveTo(index - 1)}>
          Move left
        </button>
        <button
          type="button"
          class="button"
          disabled={index === lists.length - 1}
          onClick={() => moveTo(index + 1)}
        >
          Move right
        </button>
        <button type="button" class="button danger" onClick={() => void session.removeList(list.id, title)}>
          Remove the list
        </button>
      </div>
    </div>
  )
}
