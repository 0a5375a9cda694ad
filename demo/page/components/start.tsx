import { useState } from 'preact/hooks'
import { troubleOf } from '../errors.ts'
import { knownBoards } from '../known-boards.ts'
import { isLink } from '../links.ts'
import { loadSdk } from '../state/sdk.ts'
import { NewBoard } from './new-board.tsx'
import { Boards } from './start-boards.tsx'

/** The boards of this browser, and the ways to another one. */
export function Start() {
  const [boards, setBoards] = useState(knownBoards)
  return (
    <>
      <header class="bar">
        <span class="brand">
          <span class="mark" aria-hidden="true" />
          Autobee Board
        </span>
      </header>
      <main class="page">
        <div class="hero">
          <h1>Lists that you share, and that stay yours</h1>
          <p>
            They are kept in this browser and work offline. Who you invite has them too, and when you meet,
            everybody’s changes come together. No account, and no server that reads them.
          </p>
        </div>
        {boards.length > 0 && <Boards boards={boards} onchange={() => setBoards(knownBoards())} />}
        <NewBoard me={boards.find(({ me }) => me)?.me ?? ''} />
        <PasteLink />
      </main>
    </>
  )
}

function PasteLink() {
  const [problem, setProblem] = useState('')
  const open = async (event: SubmitEvent) => {
    event.preventDefault()
    const link = String(new FormData(event.currentTarget as HTMLFormElement).get('link'))
    try {
      if (isLink(link)) (await loadSdk()).parseInvitation(link)
      else (await loadSdk()).parseInvitation(`${location.origin}/#key=${link.trim()}`)
      location.hash = isLink(link) ? new URL(link.trim()).hash : `key=${link.trim()}`
    } catch (error) {
      setProblem(troubleOf(error).advice)
    }
  }
  return (
    <section class="card" aria-labelledby="paste">
      <h2 id="paste">You were invited?</h2>
      <form class="stack" onSubmit={open}>
        <label class="field">
          <span>Link of the invitation</span>
          <input
            class="input"
            name="link"
            required
            autocomplete="off"
            aria-invalid={problem !== ''}
            aria-describedby="paste-problem"
          />
        </label>
        <p id="paste-problem" role="alert">
          {problem}
        </p>
        <div class="row">
          <button type="submit" class="button">
            Open the invitation
          </button>
        </div>
      </form>
    </section>
  )
}
