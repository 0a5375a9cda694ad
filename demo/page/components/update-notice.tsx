import { useEffect, useState } from 'preact/hooks'
import { followUpdates } from '../updates.ts'

/** Says quietly that there is a newer version of the page. */
export function UpdateNotice() {
  const [takeOver, setTakeOver] = useState<(() => void) | null>(null)
  useEffect(() => followUpdates(run => setTakeOver(() => run)), [])
  if (!takeOver) return null
  return (
    <div class="notices">
      <div class="notice" role="status">
        <p>There is a new version of this page.</p>
        <button type="button" class="button" onClick={takeOver}>
          Reload
        </button>
      </div>
    </div>
  )
}
