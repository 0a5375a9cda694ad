import { useState } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import { useStore } from '../state/store.ts'
import { Icon } from './icons.tsx'
import { ListColumn } from './list-column.tsx'
import { useSession, useWritable } from './session-context.ts'

/** All lists: side by side, and on a phone one at a time. */
export function Lists() {
  const { board } = useSession()
  const lists = useStore(board, state => state.lists)
  const isRead = useStore(board, state => state.isRead)
  const name = useStore(board, state => state.name)
  const writable = useWritable()
  const [chosen, setChosen] = useState<string | null>(null)
  const current = chosen === NEW || lists.some(({ list }) => list.id === chosen) ? chosen : lists[0]?.list.id
  if (isRead && name === null && lists.length === 0) return <Nothing />
  return (
    <>
      <nav class="chips" aria-label="Lists">
        {lists.map(({ list }) => (
          <button
            key={list.id}
            type="button"
            class="button"
            aria-pressed={list.id === current}
            onClick={() => setChosen(list.id)}
          >
            {list.title.value} <span class="quiet">{list.items - list.done}</span>
          </button>
        ))}
        {writable && (
          <button
            type="button"
            class="button icon"
            aria-pressed={current === NEW}
            aria-label="New list"
            onClick={() => setChosen(NEW)}
          >
            <Icon name="plus" />
          </button>
        )}
      </nav>
      <div class={lists.length < 4 ? 'lists few' : 'lists'}>
        {lists.map(state => (
          <ListColumn key={state.list.id} state={state} isCurrent={state.list.id === current} />
        ))}
        {writable && isRead && <NewList isCurrent={current === NEW} onmade={() => setChosen(null)} />}
      </div>
    </>
  )
}

const NEW = 'new list'

function NewList({ isCurrent, onmade }: { isCurrent: boolean; onmade(): void }) {
  const session = useSession()
  const add = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const title = String(new FormData(form).get('title')).trim()
    if (!title || !(await session.addList(title))) return
    form.reset()
    onmade()
  }
  return (
    <form class={isCurrent ? 'new-list stack current' : 'new-list stack'} onSubmit={add}>
      <label class="field">
        <span>New list</span>
        <input
          class="input"
          name="title"
          maxLength={LIMITS.title}
          placeholder="Shopping"
          autocomplete="off"
        />
      </label>
      <div class="row">
        <button type="submit" class="button">
          <Icon name="plus" /> Add list
        </button>
      </div>
    </form>
  )
}

function Nothing() {
  return (
    <div class="page stack" data-empty>
      <h2>Nothing of this board has come yet</h2>
      <p class="quiet">
        It comes from a device that has it. Somebody who is on the board has to be online at the same time as
        you, at the same relay; or a device that is always on keeps a copy.
      </p>
    </div>
  )
}
