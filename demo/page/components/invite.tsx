import { useEffect, useRef, useState } from 'preact/hooks'
import { useStore } from '../state/store.ts'
import { Icon } from './icons.tsx'
import { Qr } from './qr.tsx'
import { useSession, useWritable } from './session-context.ts'

/** A link to the board, as text, to share, and as a picture for a phone's camera. */
export function Invite() {
  const session = useSession()
  const writable = useWritable()
  const relays = useStore(session.network, state => state.relays)
  const [link, setLink] = useState<{ text: string; mayWrite: boolean } | null>(null)
  const linkOf = (seed: Uint8Array | null) =>
    session.sdk.formatInvitation({
      page: location.href.replace(/#.*/, ''),
      key: session.db.key as Uint8Array,
      relays,
      encryptionKey: session.known.encryptionKey ? session.sdk.fromHex(session.known.encryptionKey) : null,
      seed
    })
  const make = async (event: SubmitEvent) => {
    event.preventDefault()
    const mayWrite = writable && new FormData(event.currentTarget as HTMLFormElement).get('may') === 'write'
    if (!mayWrite) return setLink({ text: linkOf(null), mayWrite })
    const { seed, publicKey } = session.sdk.newInvite()
    if (await session.act({ op: 'invite', publicKey, label: '' })) setLink({ text: linkOf(seed), mayWrite })
  }
  return (
    <section class="section" aria-labelledby="invite">
      <h3 id="invite">Invite</h3>
      <form class="stack" onSubmit={make}>
        <fieldset>
          <legend class="unseen">Who opens the link</legend>
          {writable && (
            <label class="choice">
              <input type="radio" name="may" value="write" defaultChecked />
              <span>
                may write at once
                <span class="small quiet"> – whoever has the link; it can be taken back</span>
              </span>
            </label>
          )}
          <label class="choice">
            <input type="radio" name="may" value="ask" defaultChecked={!writable} />
            <span>
              may read, and ask
              <span class="small quiet"> – somebody who is on the board lets them in</span>
            </span>
          </label>
        </fieldset>
        <div class="row">
          <button type="submit" class="button main">
            Make a link
          </button>
        </div>
      </form>
      {link && <LinkCard link={link.text} mayWrite={link.mayWrite} />}
    </section>
  )
}

function LinkCard({ link, mayWrite }: { link: string; mayWrite: boolean }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [said, setSaid] = useState('')
  const card = useRef<HTMLDivElement>(null)
  // on a phone it comes below what is seen
  useEffect(() => card.current?.scrollIntoView({ block: 'nearest' }), [link])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link)
      setSaid('Copied.')
    } catch {
      // no clipboard on pages that are not secure: selected, it is one key away
      field.current?.select()
      setSaid('Press Ctrl+C or ⌘C to copy it.')
    }
  }
  const share = () =>
    navigator.share({ title: document.title, url: link }).catch(error => {
      if (error.name !== 'AbortError') setSaid('It could not be shared; copy it instead.')
    })
  return (
    <div class="stack" data-invitation ref={card}>
      <label class="field">
        <span>{mayWrite ? 'Link to write' : 'Link to read and ask'}</span>
        <textarea
          ref={field}
          class="input link"
          readOnly
          rows={3}
          value={link}
          onFocus={() => field.current?.select()}
        />
      </label>
      <div class="row">
        <button type="button" class="button" onClick={() => void copy()}>
          <Icon name="copy" /> Copy
        </button>
        {typeof navigator.share === 'function' && (
          <button type="button" class="button" onClick={() => void share()}>
            <Icon name="share" /> Share
          </button>
        )}
        <span class="small" role="status">
          {said}
        </span>
      </div>
      <Qr text={link} />
    </div>
  )
}
