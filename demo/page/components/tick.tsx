import { useEffect, useState } from 'preact/hooks'
import type { Row } from '../state/model-types.ts'
import { useSession } from './session-context.ts'

/** An item's check box: it shows at once what the user wants. */
export function Tick({ row, writable }: { row: Row; writable: boolean }) {
  const session = useSession()
  // what the user sees at once, until the view says the same
  const [wanted, setWanted] = useState<boolean | null>(null)
  useEffect(() => setWanted(null), [row])
  const tick = async (done: boolean) => {
    setWanted(done)
    if (!(await session.act({ op: 'edit', id: row.id, done }))) setWanted(null)
  }
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={wanted ?? row.done}
        disabled={!writable}
        aria-label={row.text}
        onChange={event => void tick(event.currentTarget.checked)}
      />
    </label>
  )
}
