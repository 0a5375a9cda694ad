import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { useStore } from '../state/store.ts'
import { BoardBar } from './board-bar.tsx'
import { Lists } from './lists.tsx'
import { Panel, type PanelName } from './panel.tsx'
import { useSession } from './session-context.ts'
import { StandingNotice } from './standing.tsx'
import { ToastList } from './toast-list.tsx'
import { TroubleNotice } from './trouble.tsx'

/** An open board: its header, the lists, and one panel beside them. */
export function BoardScreen() {
  const session = useSession()
  const name = useStore(session.board, state => state.name)
  const trouble = useStore(session.open, state => state.trouble)
  const role = useStore(session.open, state => state.role)
  const [panel, setPanel] = useState<PanelName | null>(null)
  const opener = useRef<HTMLElement | null>(null)

  const toggle = useCallback((wanted: PanelName) => {
    opener.current = document.activeElement as HTMLElement | null
    setPanel(open => (open === wanted ? null : wanted))
  }, [])
  const close = useCallback(() => {
    setPanel(null)
    opener.current?.focus()
  }, [])

  useEffect(() => {
    document.title = `${name ?? session.known.name} – Autobee Board`
    return () => {
      document.title = 'Autobee Board'
    }
  }, [name, session])

  // for whoever looks at several tabs at once
  useEffect(() => {
    document.documentElement.dataset.role = role
    return () => {
      delete document.documentElement.dataset.role
    }
  }, [role])

  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('lists')?.focus()}>
        Skip to the lists
      </button>
      <BoardBar panel={panel} ontoggle={toggle} />
      <div class="workspace">
        <main id="lists" tabIndex={-1}>
          <div class="notices">
            {trouble && <TroubleNotice trouble={trouble} />}
            <StandingNotice />
          </div>
          <Lists />
        </main>
        {panel && <Panel name={panel} onclose={close} />}
      </div>
      <ToastList />
    </>
  )
}
