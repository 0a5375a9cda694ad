import { useState } from 'preact/hooks'
import { LIMITS } from '../../board/limits.ts'
import { START } from '../state/route.ts'
import { useStore } from '../state/store.ts'
import { Dialog } from './dialog.tsx'
import { Face, nameOf } from './face.tsx'
import { Icon, type IconName } from './icons.tsx'
import type { PanelName } from './panel.tsx'
import { useSession, useWritable } from './session-context.ts'
import { useSync } from './sync.ts'

interface BarProps {
  readonly panel: PanelName | null
  ontoggle(panel: PanelName): void
}

export function BoardBar({ panel, ontoggle }: BarProps) {
  const session = useSession()
  const name = useStore(session.board, state => state.name) ?? session.known.name
  const writable = useWritable()
  const asking = useStore(session.board, state => (writable ? state.requests.length : 0))
  const [isRenaming, setRenaming] = useState(false)
  const button = (
    wanted: PanelName,
    { icon, label, count = 0 }: { icon: IconName; label: string; count?: number }
  ) => (
    <button
      type="button"
      class="button plain"
      aria-expanded={panel === wanted}
      aria-controls="panel"
      onClick={() => ontoggle(wanted)}
    >
      <Icon name={icon} />
      {label}
      {count > 0 && (
        <span class="badge bad">
          {count}
          <span class="unseen"> asking</span>
        </span>
      )}
    </button>
  )
  return (
    <header class="bar board-bar">
      <a class="button icon plain" href={START} title="All your boards">
        <span class="mark" aria-hidden="true" />
        <span class="unseen">All your boards</span>
      </a>
      <h1>
        {writable ? (
          <button type="button" class="title" title="Rename the board" onClick={() => setRenaming(true)}>
            {name}
          </button>
        ) : (
          name
        )}
      </h1>
      <div class="tools">
        <SyncPill isOpen={panel === 'sync'} onclick={() => ontoggle('sync')} />
        <Faces />
      </div>
      <nav class="panels" aria-label="Panels">
        {button('people', { icon: 'people', label: 'People', count: asking })}
        {button('order', { icon: 'order', label: 'History' })}
        {button('bin', { icon: 'bin', label: 'Bin' })}
        {button('settings', { icon: 'settings', label: 'Settings' })}
      </nav>
      {isRenaming && <Rename name={name} onclose={() => setRenaming(false)} />}
    </header>
  )
}

function SyncPill({ isOpen, onclick }: { isOpen: boolean; onclick(): void }) {
  const { lamp, short } = useSync()
  return (
    <button
      type="button"
      class="pill"
      aria-expanded={isOpen}
      aria-controls="panel"
      title="What goes on"
      onClick={onclick}
    >
      <span class={`lamp ${lamp}`} aria-hidden="true" />
      <span>{short}</span>
    </button>
  )
}

/** Of a few members; all are in the panel of people. */
function Faces() {
  const people = useStore(useSession().board, state => state.people)
  const members = [...people.values()].filter(({ isMember }) => isMember).slice(0, 4)
  if (members.length < 2) return null
  return (
    <span class="faces" aria-hidden="true">
      {members.map(({ key, name }) => (
        <Face key={key} writer={key} name={nameOf(name, key)} />
      ))}
    </span>
  )
}

function Rename({ name, onclose }: { name: string; onclose(): void }) {
  const session = useSession()
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim()
    if (!wanted || wanted === name || (await session.act({ op: 'board', name: wanted }))) onclose()
  }
  return (
    <Dialog title="Rename the board" onclose={onclose}>
      <form class="stack" onSubmit={save}>
        <label class="field">
          <span>Name</span>
          <input class="input" name="name" required maxLength={LIMITS.name} defaultValue={name} />
        </label>
        <div class="ends">
          <button type="button" class="button" onClick={onclose}>
            Cancel
          </button>
          <button type="submit" class="button main">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}
