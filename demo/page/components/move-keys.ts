import type { Row } from '../state/model-types.ts'
import type { Session } from '../state/session.ts'

/** Alt and an arrow: up and down in the list, left and right to the next list. */
export function moveByKey(
  event: KeyboardEvent,
  { session, row, list }: { session: Session; row: Row; list: string }
): void {
  if (!event.altKey || event.ctrlKey || event.metaKey) return
  const { lists } = session.board.state
  const column = lists.findIndex(state => state.list.id === list)
  const index = lists[column]?.rows.findIndex(({ id }) => id === row.id) ?? -1
  const to = targetOf(event.key, { column, index })
  const target = to && lists[to.column]
  if (!target || to.index < 0 || to.index > target.rows.length) return
  event.preventDefault()
  const focused = (event.target as HTMLElement).className
  void session.move(row.id, { list: target.list.id, index: to.index }).then(() => {
    // the row is another element by then
    requestAnimationFrame(() => requestAnimationFrame(() => refocus(row.id, focused)))
  })
}

function targetOf(key: string, { column, index }: { column: number; index: number }) {
  switch (key) {
    case 'ArrowUp':
      return { column, index: index - 1 }
    case 'ArrowDown':
      return { column, index: index + 1 }
    case 'ArrowLeft':
      return { column: column - 1, index: 0 }
    case 'ArrowRight':
      return { column: column + 1, index: 0 }
    default:
      return null
  }
}

function refocus(id: string, className: string): void {
  const item = document.querySelector<HTMLElement>(`[data-item="${CSS.escape(id)}"]`)
  const same = [...(item?.querySelectorAll<HTMLElement>('button, input') ?? [])].find(
    element => element.className === className
  )
  ;(same ?? item?.querySelector<HTMLElement>('.what'))?.focus()
}
