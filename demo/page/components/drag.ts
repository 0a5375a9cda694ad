import { useState } from 'preact/hooks'
import { useSession, useWritable } from './session-context.ts'

/** What is dragged just now: the browser tells it to the place of the drop only. */
let dragged: { id: string; list: string; index: number } | null = null

const KIND = 'application/x-autobee-item'

/** An item that can be taken by its grip. */
export function useDragSource(item: { id: string; list: string }) {
  const { board } = useSession()
  const [isDragged, setDragged] = useState(false)
  return {
    isDragged,
    ondragstart(event: DragEvent) {
      const rows = board.state.lists.find(({ list }) => list.id === item.list)?.rows ?? []
      dragged = { ...item, index: rows.findIndex(({ id }) => id === item.id) }
      setDragged(true)
      event.dataTransfer?.setData(KIND, item.id)
      if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move'
      const row = (event.currentTarget as HTMLElement).closest('.item')
      if (row) event.dataTransfer?.setDragImage(row, 12, 12)
    },
    ondragend() {
      dragged = null
      setDragged(false)
    }
  }
}

/** Where among a list's items something would come down, as an index among those without it. */
function indexAt(
  column: HTMLElement,
  y: number
): { index: number; edge: HTMLElement | null; isAfter: boolean } {
  const rows = [...column.querySelectorAll<HTMLElement>('.item')].filter(
    row => row.dataset.item !== dragged?.id
  )
  const index = rows.findIndex(row => {
    const { top, height } = row.getBoundingClientRect()
    return y < top + height / 2
  })
  return index >= 0
    ? { index, edge: rows[index] ?? null, isAfter: false }
    : { index: rows.length, edge: rows.at(-1) ?? null, isAfter: true }
}

/** A list that takes what is dropped on it. */
export function useDropTarget(list: string, count: number) {
  const session = useSession()
  const writable = useWritable()
  if (!writable) return {}
  return {
    onDragOver(event: DragEvent) {
      if (!dragged || !event.dataTransfer?.types.includes(KIND)) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'move'
      const column = event.currentTarget as HTMLElement
      const { edge, isAfter } = indexAt(column, event.clientY)
      unmark()
      if (count === 0) column.classList.add('over')
      edge?.classList.add(isAfter ? 'after' : 'before')
    },
    onDragLeave(event: DragEvent) {
      if (!(event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)) unmark()
    },
    onDrop(event: DragEvent) {
      unmark()
      if (!dragged) return
      event.preventDefault()
      const { index } = indexAt(event.currentTarget as HTMLElement, event.clientY)
      const isSame = dragged.list === list && dragged.index === index
      if (!isSame) void session.move(dragged.id, { list, index })
      dragged = null
    }
  }
}

function unmark(): void {
  for (const name of ['before', 'after', 'over'])
    for (const element of [...document.getElementsByClassName(name)]) element.classList.remove(name)
}
