import { useState } from 'preact/hooks'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'
import { ViewContents } from './view-contents.tsx'

/** Of this board on this device. */
export function SettingsPanel() {
  const session = useSession()
  const direct = useStore(session.network, state => state.direct)
  return (
    <>
      <Relays />
      <section class="section" aria-labelledby="direct">
        <h3 id="direct">Direct connections</h3>
        <label class="choice">
          <input
            type="checkbox"
            class="switch"
            role="switch"
            checked={direct}
            aria-checked={direct}
            onChange={event => session.setNetwork({ direct: event.currentTarget.checked })}
          />
          <span>
            Talk to other devices directly where that works (WebRTC)
            <span class="small quiet">
              {' '}
              – they learn this device’s network address then, which they do not over a relay.
            </span>
          </span>
        </label>
      </section>
      <section class="section" aria-labelledby="about">
        <h3 id="about">About this board</h3>
        <dl class="facts">
          <dt>Encrypted</dt>
          <dd>{session.known.encryptionKey ? 'yes' : 'no'}</dd>
          <dt>Database in this browser</dt>
          <dd class="mono">{session.known.store}</dd>
          <dt>Key of the board</dt>
          <dd class="mono">{session.known.key}</dd>
          <dt>Your writer key</dt>
          <dd class="mono">{session.me}</dd>
        </dl>
        <p class="small quiet">
          Who has the key can read the board. To delete it from this browser, forget it on the start page.
        </p>
      </section>
      <ViewContents />
    </>
  )
}

function Relays() {
  const session = useSession()
  const relays = useStore(session.network, state => state.relays)
  const [problem, setProblem] = useState('')
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    const lines = String(new FormData(event.currentTarget as HTMLFormElement).get('relays'))
      .split(/\s+/)
      .filter(Boolean)
    const wrong = lines.find(line => !isRelay(line))
    setProblem(wrong ? `${wrong} is no address of a relay: they begin with wss:// or ws://.` : '')
    if (!wrong) session.setNetwork({ relays: [...new Set(lines)] })
  }
  return (
    <section class="section" aria-labelledby="relay-list">
      <h3 id="relay-list">Relays</h3>
      <form class="stack" onSubmit={save}>
        <label class="field">
          <span>Addresses, one a line</span>
          <textarea
            key={relays.join(' ')}
            class="input mono"
            name="relays"
            rows={3}
            spellcheck={false}
            defaultValue={relays.join('\n')}
            aria-describedby="relay-problem"
            aria-invalid={problem !== ''}
          />
        </label>
        <p id="relay-problem" class="small" role="alert">
          {problem}
        </p>
        <div class="row">
          <button type="submit" class="button">
            Save
          </button>
        </div>
      </form>
    </section>
  )
}

function isRelay(line: string): boolean {
  return URL.canParse(line) && /^wss?:$/.test(new URL(line).protocol)
}
