import type { ComponentType } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { BinPanel } from './bin-panel.tsx'
import { HistoryPanel } from './history-panel.tsx'
import { Icon } from './icons.tsx'
import { PeoplePanel } from './people-panel.tsx'
import { SettingsPanel } from './settings-panel.tsx'
import { SyncPanel } from './sync-panel.tsx'

export type PanelName = 'people' | 'sync' | 'order' | 'bin' | 'settings'

const PANELS: Record<PanelName, { title: string; Body: ComponentType; isWide?: boolean }> = {
  people: { title: 'People', Body: PeoplePanel },
  sync: { title: 'What goes on', Body: SyncPanel },
  order: { title: 'History', Body: HistoryPanel, isWide: true },
  bin: { title: 'Bin', Body: BinPanel },
  settings: { title: 'Settings', Body: SettingsPanel }
}

/** Beside the board, and on a phone over it. Escape closes it. */
export function Panel({ name, onclose }: { name: PanelName; onclose(): void }) {
  const { title, Body, isWide = false } = PANELS[name]
  const heading = useRef<HTMLHeadingElement>(null)
  // at once: the next key is the panel's
  useLayoutEffect(() => heading.current?.focus(), [name])
  return (
    <aside
      id="panel"
      class={isWide ? 'panel wide' : 'panel'}
      aria-labelledby="panel-title"
      onKeyDown={event => {
        // a dialog in it takes its Escape first
        if (event.key === 'Escape' && !(event.target as HTMLElement).closest('dialog')) onclose()
      }}
    >
      <header>
        <h2 id="panel-title" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="button icon plain" aria-label={`Close ${title}`} onClick={onclose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="body" key={name}>
        <Body />
      </div>
    </aside>
  )
}
