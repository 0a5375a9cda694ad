import { useEffect, useState } from 'preact/hooks'
import type { BoardDatabase } from '../database.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'

interface Room {
  readonly usage: number | null
  readonly quota: number | null
  readonly persisted: boolean
}

const ROLES: Readonly<Record<BoardDatabase['role'], string>> = {
  owner: 'in this tab',
  follower: 'in another tab',
  none: 'between two tabs'
}

/** How much room the boards take, and whether the browser may delete them by itself. */
export function Storage() {
  const { sdk, open } = useSession()
  const role = useStore(open, state => state.role)
  const [room, setRoom] = useState<Room | null>(null)
  const [isRefused, setRefused] = useState(false)
  useEffect(() => {
    sdk.estimate().then(setRoom, error => console.warn('the storage cannot be measured', error))
  }, [sdk])
  const ask = async () => {
    setRefused(!(await sdk.persist()))
    setRoom(await sdk.estimate())
  }
  if (!room) return null
  const { usage, quota, persisted } = room
  return (
    <section class="section" aria-labelledby="storage">
      <h3 id="storage">Storage of this browser</h3>
      {usage !== null && quota !== null && (
        <>
          <progress class="meter" max={quota} value={usage} aria-label="Storage in use" />
          <dl class="facts">
            <dt>In use, by all boards</dt>
            <dd>{bytes(usage)}</dd>
            <dt>At most</dt>
            <dd>{bytes(quota)}</dd>
            <dt>Store and connections</dt>
            <dd>{ROLES[role]}</dd>
          </dl>
        </>
      )}
      <p class="row">
        <span class={persisted ? 'badge good' : 'badge honey'}>
          {persisted ? 'Kept for good' : 'May be deleted when room is short'}
        </span>
        {!persisted && (
          <button type="button" class="button" onClick={() => void ask()}>
            Ask to keep it
          </button>
        )}
      </p>
      {isRefused && (
        <p class="small" role="status">
          The browser said no. Many say yes once the page is installed or used often.
        </p>
      )}
      {!isSecureContext && (
        <p class="small">
          This page came over http from another machine: the browser neither keeps it for times without a
          network nor installs it. Behind https it does.
        </p>
      )}
    </section>
  )
}

function bytes(count: number): string {
  const unit = count < 1e6 ? 1e3 : count < 1e9 ? 1e6 : 1e9
  const name = unit === 1e3 ? 'kB' : unit === 1e6 ? 'MB' : 'GB'
  return `${(count / unit).toFixed(count / unit < 10 ? 1 : 0)} ${name}`
}
