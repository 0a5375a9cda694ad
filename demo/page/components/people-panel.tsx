import { useState } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import { useStore } from '../state/store.ts'
import { Confirm, type Question } from './dialog.tsx'
import { Face, nameOf } from './face.tsx'
import { keepFocus, panelTitle } from './focus.ts'
import { Invite } from './invite.tsx'
import { useSession, useWritable } from './session-context.ts'
import { ago } from './time.ts'

/** Who is on the board, who asks, and how to invite others. */
export function PeoplePanel() {
  const writable = useWritable()
  return (
    <>
      <Requests />
      <Members />
      <Me />
      <Invite />
      {writable && <Invites />}
    </>
  )
}

function Requests() {
  const session = useSession()
  const requests = useStore(session.board, state => state.requests)
  const writable = useWritable()
  const others = requests.filter(({ key }) => key !== session.me)
  if (others.length === 0 || !writable) return null
  return (
    <section class="section" aria-labelledby="asking">
      <h3 id="asking">Asking to be let in</h3>
      {others.map(({ key, name, at }) => (
        <div key={key} class="ask stack" data-asking={key}>
          <p>
            <strong>{name}</strong> asks to write on this board, {ago(at)}.
          </p>
          <div class="row">
            <button
              type="button"
              class="button main"
              onClick={() => void session.act({ op: 'admit', key }).then(() => keepFocus(panelTitle))}
            >
              Let in<span class="unseen"> {name}</span>
            </button>
            <button
              type="button"
              class="button"
              onClick={() => void session.act({ op: 'refuse', key }).then(() => keepFocus(panelTitle))}
            >
              Refuse<span class="unseen"> {name}</span>
            </button>
          </div>
        </div>
      ))}
    </section>
  )
}

function Members() {
  const session = useSession()
  const people = useStore(session.board, state => state.people)
  const network = useStore(session.network, state => state.peers)
  const writable = useWritable()
  const [question, setQuestion] = useState<Question | null>(null)
  const online = new Set(network.map(({ writer }) => writer))
  const hasInvites = useStore(session.board, state => state.invites.length > 0)
  /** An indexer is removed by an indexer only: what others say to that has no effect. */
  const isIndexer = people.get(session.me)?.isIndexer === true
  const members = [...people.values()].filter(({ isMember }) => isMember)
  const remove = (key: string, name: string) =>
    setQuestion({
      title: `Remove ${name}?`,
      text: `${name} can then write no more, and still read what there is. What was written stays.${hasInvites ? ` Invitations that ${name} made, or came by, are taken back, too; take back others that ${name} may know.` : ''}`,
      yes: `Remove ${name}`,
      run: () => void session.expel(key).then(() => keepFocus(panelTitle))
    })
  return (
    <section class="section" aria-labelledby="members">
      <h3 id="members">On this board</h3>
      <ul class="people">
        {members.map(({ key, name, since, isIndexer: isTheirs }) => {
          const shown = nameOf(name, key)
          const isMe = key === session.me
          return (
            <li key={key} data-member={key}>
              <Face writer={key} name={shown} />
              <span class="who">
                <span>{isMe ? `${shown} (you)` : shown}</span>
                <span class="small quiet">
                  {online.has(key) ? 'Connected' : `Since ${new Date(since.at).toLocaleDateString('en-GB')}`}
                </span>
              </span>
              {writable && !isMe && (isIndexer || !isTheirs) && (
                <button type="button" class="button danger plain" onClick={() => remove(key, shown)}>
                  Remove<span class="unseen"> {shown}</span>
                </button>
              )}
            </li>
          )
        })}
      </ul>
      {writable && !isIndexer && members.length > 0 && (
        <p class="small quiet">Only who is an indexer removes others who are.</p>
      )}
      {members.length === 0 && <p class="quiet">Not known yet.</p>}
      {question && <Confirm question={question} onclose={() => setQuestion(null)} />}
    </section>
  )
}

function Me() {
  const session = useSession()
  const name = useStore(session.board, state => state.people.get(session.me)?.name ?? '')
  const writable = useWritable()
  if (!writable) return null
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = String(new FormData(event.currentTarget as HTMLFormElement).get('me')).trim()
    if (wanted && wanted !== name) void session.rename(wanted)
  }
  return (
    <section class="section" aria-labelledby="me">
      <h3 id="me">Your name</h3>
      <form class="row" onSubmit={save}>
        <input
          key={name}
          class="input grow"
          name="me"
          required
          maxLength={LIMITS.name}
          autocomplete="given-name"
          defaultValue={name}
          aria-labelledby="me"
        />
        <button type="submit" class="button">
          Save
        </button>
      </form>
    </section>
  )
}

/** Invitations by which one may write at once: until they are taken back. */
function Invites() {
  const session = useSession()
  const invites = useStore(session.board, state => state.invites)
  if (invites.length === 0) return null
  return (
    <section class="section" aria-labelledby="invites">
      <h3 id="invites">Invitations that are open</h3>
      <ul class="kept">
        {invites.map(({ publicKey, label, uses, created }) => (
          <li key={publicKey}>
            <span class="grow">
              {label || 'Invitation'}{' '}
              <span class="small quiet">
                {ago(created.at)}, used {uses === 1 ? 'once' : `${uses} times`}
              </span>
            </span>
            <button
              type="button"
              class="button"
              onClick={() =>
                void session.act({ op: 'uninvite', publicKey }).then(() => keepFocus(panelTitle))
              }
            >
              Take back
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
