import { useStore } from '../state/store.ts'
import { useSession, useWritable } from './session-context.ts'

/** What one is to the board, where that is not simply: a writer. */
export function StandingNotice() {
  const session = useSession()
  const { standing } = useStore(session.board, state => state.standing)
  const isRead = useStore(session.board, state => state.isRead)
  const writable = useWritable()
  const isJoining = useStore(session.open, state => state.isJoining)
  if (!isRead || (writable && standing === 'member')) return null
  switch (isJoining ? 'member' : standing) {
    case 'member':
      return (
        <div class="notice" role="status" data-standing="joining">
          <p>
            <strong>You are joining.</strong> As soon as a device of somebody who is on the board is
            connected, you may write.
          </p>
        </div>
      )
    case 'asking':
      return (
        <div class="notice" role="status" data-standing="asking">
          <p>
            <strong>You wait to be let in.</strong> Somebody who is on the board sees that you ask. Until then
            you can read.
          </p>
        </div>
      )
    case 'refused':
      return (
        <div class="notice bad" role="status" data-standing="refused">
          <p>
            <strong>You were not let in.</strong> You can read the board; who is on it may still let you in.
          </p>
        </div>
      )
    case 'expelled':
      return (
        <div class="notice bad" role="status" data-standing="expelled">
          <p>
            <strong>You were removed from this board.</strong> You can read it, and write no more.
          </p>
        </div>
      )
    default:
      return writable ? null : <Ask />
  }
}

function Ask() {
  const session = useSession()
  const ask = (event: SubmitEvent) => {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('me')).trim()
    if (name) void session.ask(name)
  }
  return (
    <form class="notice" onSubmit={ask} data-standing="unknown">
      <p>
        <strong>You can read this board.</strong> To write on it, ask those who are on it.
      </p>
      <label class="row">
        <span class="label">Your name</span>
        <input class="input grow" name="me" required maxLength={80} defaultValue={session.known.me} />
      </label>
      <button type="submit" class="button main">
        Ask to be let in
      </button>
    </form>
  )
}
