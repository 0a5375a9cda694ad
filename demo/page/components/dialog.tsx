import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

/** A modal dialog; the browser keeps the focus in it, and gives it back. */
export function Dialog({
  title,
  onclose,
  children
}: {
  title: string
  onclose(): void
  children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="box" aria-labelledby={id} onClose={onclose}>
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

export interface Question {
  readonly title: string
  readonly text: string
  readonly yes: string
  run(): void
}

/** Asks before something that is not easily taken back. */
export function Confirm({ question, onclose }: { question: Question; onclose(): void }) {
  return (
    <Dialog title={question.title} onclose={onclose}>
      <p>{question.text}</p>
      <form method="dialog" class="ends">
        <button type="submit" class="button">
          Cancel
        </button>
        <button type="submit" class="button filled-danger" onClick={() => question.run()}>
          {question.yes}
        </button>
      </form>
    </Dialog>
  )
}
