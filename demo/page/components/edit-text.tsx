import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import type { Row } from '../state/model-types.ts'
import { useSession } from './session-context.ts'

/** An item's text in a field: Enter saves, Escape leaves it as it was, and leaving the field saves too, also when it goes. */
export function EditText({ row, onclose }: { row: Row; onclose(): void }) {
  const session = useSession()
  const field = useRef<HTMLTextAreaElement>(null)
  /** What its editor saw, though others may write meanwhile. */
  const [was] = useState(row.text)
  const isDone = useRef(false)
  const back = () => {
    const { current } = field
    const item = current?.closest('.item')
    isDone.current = true
    onclose()
    queueMicrotask(() => item?.querySelector<HTMLElement>('.what')?.focus())
  }
  const save = async ({ stays }: { stays: boolean }) => {
    const text = field.current?.value.trim() ?? ''
    if (isDone.current) return
    isDone.current = true
    if (text === '' || text === was || (await session.act({ op: 'edit', id: row.id, text, was })))
      return stays ? back() : onclose()
    // it could not be written: what was typed stays
    isDone.current = false
  }
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(was.length, was.length)
    // others may move or remove the item meanwhile, and the field with it: what was typed goes where the item is
    return () => void save({ stays: false })
  }, [was])
  return (
    <div class="edit">
      <textarea
        ref={field}
        class="input"
        rows={1}
        maxLength={LIMITS.text}
        aria-label={`Text of ${was}`}
        defaultValue={was}
        onBlur={() => void save({ stays: false })}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation()
            back()
          }
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault()
            void save({ stays: true })
          }
        }}
      />
    </div>
  )
}
