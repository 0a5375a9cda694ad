import type { Invitation } from '../../board/invitation.ts'
import { knownBoards } from '../known-boards.ts'
import { prepareBoard, START } from '../state/route.ts'
import type { Sdk } from '../state/sdk.ts'

/** Opens a board that somebody else made: as one who may write, or who asks to. */
export function Join({ invitation, sdk }: { invitation: Invitation; sdk: Sdk }) {
  const { key, relays, encryptionKey, seed } = invitation
  const join = (event: SubmitEvent) => {
    event.preventDefault()
    const me = String(new FormData(event.currentTarget as HTMLFormElement).get('me')).trim()
    if (!me) return
    const address = prepareBoard({
      key: sdk.idOfKey(key),
      encryptionKey: encryptionKey && sdk.toHex(encryptionKey),
      name: 'A board',
      relays,
      me,
      making: null,
      joining: { invite: seed && sdk.toHex(seed) }
    })
    // takes the invitation's secrets out of the address bar and of the history
    location.replace(address)
  }
  return (
    <>
      <header class="bar">
        <a class="brand" href={START}>
          <span class="mark" aria-hidden="true" />
          Autobee Board
        </a>
      </header>
      <main class="page">
        <div class="hero">
          <h1>You are invited to a board</h1>
          <p>
            It will be kept in this browser, and work offline.{' '}
            {seed
              ? 'With this invitation you may write at once.'
              : 'You can read it; to write, you ask, and somebody who is on it lets you in.'}
          </p>
        </div>
        <form class="card" onSubmit={join}>
          <label class="field">
            <span>Your name, as others see it</span>
            <input
              class="input"
              name="me"
              required
              maxLength={80}
              autocomplete="given-name"
              defaultValue={knownBoards().find(board => board.me)?.me ?? ''}
            />
          </label>
          <div class="row">
            <button type="submit" class="button main">
              {seed ? 'Join the board' : 'Open it and ask to write'}
            </button>
            <a class="button" href={START}>
              Not now
            </a>
          </div>
        </form>
      </main>
    </>
  )
}
