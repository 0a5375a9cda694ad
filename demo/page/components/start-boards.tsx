import { useState } from 'preact/hooks'
import { troubleOf } from '../errors.ts'
import { forgetBoard, type KnownBoard } from '../known-boards.ts'
import { deleteStore } from '../state/delete-store.ts'
import { addressOf } from '../state/route.ts'
import { Confirm, type Question } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { ago } from './time.ts'

/** The boards that this browser keeps, and the way to forget one. */
export function Boards({ boards, onchange }: { boards: readonly KnownBoard[]; onchange(): void }) {
  const [question, setQuestion] = useState<Question | null>(null)
  const [problem, setProblem] = useState('')
  const forget = (board: KnownBoard) =>
    setQuestion({
      title: `Forget “${board.name}”?`,
      text: 'Its data is deleted from this browser. What nobody else has is lost for good.',
      yes: 'Forget it',
      run() {
        deleteStore(board.store)
          .then(() => {
            forgetBoard(board.store)
            onchange()
          })
          .catch(error => setProblem(troubleOf(error).advice))
      }
    })
  return (
    <section class="card" aria-labelledby="boards">
      <h2 id="boards">Your boards</h2>
      <ul class="boards">
        {boards.map(board => (
          <li key={board.store}>
            <a class="board-link" href={addressOf(board)}>
              <span class="mark" aria-hidden="true" />
              <span class="who">
                <b>{board.name}</b>
                <span class="small quiet">Opened {ago(board.opened)}</span>
              </span>
            </a>
            <button
              type="button"
              class="button icon plain"
              aria-label={`Forget ${board.name}`}
              title="Forget"
              onClick={() => forget(board)}
            >
              <Icon name="bin" />
            </button>
          </li>
        ))}
      </ul>
      {problem && <p role="alert">{problem}</p>}
      {question && <Confirm question={question} onclose={() => setQuestion(null)} />}
    </section>
  )
}
