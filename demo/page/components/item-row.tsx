import { Component } from 'preact'
import { useState } from 'preact/hooks'
import type { Row } from '../state/model-types.ts'
import { useDragSource } from './drag.ts'
import { EditText } from './edit-text.tsx'
import { Icon } from './icons.tsx'
import { ItemDetails } from './item-details.tsx'
import { moveByKey } from './move-keys.ts'
import { useSession } from './session-context.ts'
import { Tick } from './tick.tsx'

interface Props {
  readonly row: Row
  readonly list: string
  readonly writable: boolean
}

/** Rendered again only when it is another row: a list may show thousands. */
export class ItemRow extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { row, list, writable } = this.props
    return next.row !== row || next.list !== list || next.writable !== writable
  }

  override render() {
    return <ItemLine {...this.props} />
  }
}

function ItemLine({ row, list, writable }: Props) {
  const session = useSession()
  const [isOpen, setOpen] = useState(false)
  const [isEditing, setEditing] = useState(false)
  const { isDragged, ondragstart, ondragend } = useDragSource({ id: row.id, list })
  const details = `more-${row.id}`
  const classes = ['item', row.done && 'done', isOpen && 'open', isDragged && 'dragged']
    .filter(Boolean)
    .join(' ')
  return (
    <li
      class={classes}
      data-item={row.id}
      onKeyDown={writable ? event => moveByKey(event, { session, row, list }) : undefined}
    >
      <div class="line">
        {writable && (
          <span class="grip" draggable onDragStart={ondragstart} onDragEnd={ondragend} aria-hidden="true">
            <Icon name="grip" />
          </span>
        )}
        <Tick row={row} writable={writable} />
        {isEditing ? (
          <EditText row={row} onclose={() => setEditing(false)} />
        ) : (
          <button
            type="button"
            class="what"
            disabled={!writable}
            title={writable ? 'Edit' : undefined}
            onClick={() => setEditing(true)}
          >
            <span class="text">{row.text}</span>
          </button>
        )}
        <span class="side">
          {row.others > 0 && (
            <button type="button" class="badge honey" onClick={() => setOpen(true)}>
              <Icon name="versions" />
              {row.others + 1}
              <span class="unseen"> versions of {row.text}</span>
            </button>
          )}
          {row.hasNote && (
            <span class="badge" title="Has a note">
              <Icon name="note" />
              <span class="unseen">Has a note</span>
            </span>
          )}
          <button
            type="button"
            class="button icon plain"
            aria-expanded={isOpen}
            aria-controls={details}
            aria-label={`More about ${row.text}`}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="more" />
          </button>
        </span>
      </div>
      {isOpen && <ItemDetails id={details} row={row} list={list} onclose={() => setOpen(false)} />}
    </li>
  )
}
