import { LIMITS } from '../../board/limits.ts'
import { prepareBoard } from '../state/route.ts'

/** Makes a board, plain or encrypted. */
export function NewBoard({ me }: { me: string }) {
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
          <input class="input" name="name" required maxLength={LIMITS.name} placeholder="Our flat" />
        </label>
        <label class="field">
          <span>Your name, as others see it</span>
          <input
            class="input"
            name="me"
            maxLength={LIMITS.name}
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

/** 32 bytes as hex. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))]
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join('')
}
