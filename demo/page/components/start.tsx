import { useState } from 'preact/hooks'
import { troubleOf } from '../errors.ts'
import { forgetBoard, type KnownBoard, knownBoards } from '../known-boards.ts'
import { isLink } from '../links.ts'
import { deleteStore } from '../state/delete-store.ts'
import { addressOf, prepareBoard } from '../state/route.ts'
import { loadSdk } from '../state/sdk.ts'
import { Confirm, type Question } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { ago } from './time.ts'

const LONGEST_NAME = 80

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

function Boards({ boards, onchange }: { boards: readonly KnownBoard[]; onchange(): void }) {
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

function NewBoard({ me }: { me: string }) {
  const create = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const name = String(form.get('name')).trim()
    if (!name) return
    location.hash = prepareBoard({
      key: null,
      encryptionKey: form.has('encrypted') ? randomKey() : null,
      name,
      relays: [new URL('/relay', location.href).href.replace(/^http/, 'ws')],
      me: String(form.get('me')).trim(),
      making: { name },
      joining: null
    })
  }
  return (
    <section class="card" aria-labelledby="new">
      <h2 id="new">New board</h2>
      <form class="stack" onSubmit={create}>
        <label class="field">
          <span>Name of the board</span>
          <input class="input" name="name" required maxLength={LONGEST_NAME} placeholder="Our flat" />
        </label>
        <label class="field">
          <span>Your name, as others see it</span>
          <input
            class="input"
            name="me"
            maxLength={LONGEST_NAME}
            autocomplete="given-name"
            defaultValue={me}
            placeholder="Ada"
          />
        </label>
        <label class="choice">
          <input type="checkbox" name="encrypted" />
          <span>
            Encrypt it
            <span class="small quiet">
              {' '}
              – devices that keep a copy for you can then store it without reading it.
            </span>
          </span>
        </label>
        <div class="row">
          <button type="submit" class="button main">
            Make the board
          </button>
        </div>
      </form>
    </section>
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

/** 32 bytes as hex. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))]
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join('')
}
