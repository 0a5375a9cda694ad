import type { PeerState } from '../network/state.ts'
import { useStore } from '../state/store.ts'
import { Face, useName } from './face.tsx'
import { useSession } from './session-context.ts'
import { Storage } from './storage.tsx'
import { useSync } from './sync.ts'

/** Who is connected and has what, where the data is, and a switch that cuts the network. */
export function SyncPanel() {
  const session = useSession()
  const network = useStore(session.network, state => state)
  const { long, lamp } = useSync()
  return (
    <>
      <section class="section" aria-labelledby="now">
        <h3 id="now">Now</h3>
        <p class="row" role="status">
          <span class={`lamp ${lamp}`} aria-hidden="true" />
          <span class="grow">{long}</span>
        </p>
        {network.problem && (
          <p class="small">
            The relay does not let this device in ({network.problem}). Look at its address under Settings.
          </p>
        )}
        <label class="choice">
          <input
            type="checkbox"
            class="switch"
            role="switch"
            checked={network.isCut}
            aria-checked={network.isCut}
            onChange={event => session.setNetwork({ isCut: event.currentTarget.checked })}
          />
          <span>
            Cut the network
            <span class="small quiet">
              {' '}
              – to feel what happens when you are apart: go on here and elsewhere, then join again.
            </span>
          </span>
        </label>
      </section>
      <Own />
      <Peers />
      <Relays />
      <Storage />
    </>
  )
}

function Own() {
  const { own, peers } = useStore(useSession().network, state => state)
  const holders = peers.filter(({ holdsOwn }) => holdsOwn).length
  return (
    <section class="section" aria-labelledby="own">
      <h3 id="own">What you wrote</h3>
      <dl class="facts">
        <dt>Entries</dt>
        <dd>{own}</dd>
        <dt>Saved here</dt>
        <dd>
          <span class="badge good">all</span>
        </dd>
        <dt>Your latest is held by</dt>
        <dd>{own === 0 ? '–' : <Held count={holders} />}</dd>
      </dl>
    </section>
  )
}

function Held({ count }: { count: number }) {
  const what = count === 0 ? 'nobody else now' : count === 1 ? '1 other device' : `${count} other devices`
  return <span class={count > 0 ? 'badge good' : 'badge honey'}>{what}</span>
}

function Peers() {
  const peers = useStore(useSession().network, state => state.peers)
  return (
    <section class="section" aria-labelledby="peers">
      <h3 id="peers">Devices that are connected</h3>
      {peers.length === 0 ? (
        <p class="quiet">None just now.</p>
      ) : (
        <ul class="peers">
          {peers.map(peer => (
            <PeerLine key={peer.id} peer={peer} />
          ))}
        </ul>
      )}
    </section>
  )
}

const KINDS: Readonly<Record<string, string>> = { relay: 'over the relay', webrtc: 'directly (WebRTC)' }

function PeerLine({ peer }: { peer: PeerState }) {
  const name = useName(peer.writer ?? peer.id)
  const shown = peer.writer ? name : `Device ${peer.id.slice(0, 4)}`
  const { behind } = peer
  return (
    <li>
      <Face writer={peer.writer ?? peer.id} name={shown} />
      <span class="who">
        <span>{shown}</span>
        <span class="small quiet">{KINDS[peer.kind] ?? peer.kind}</span>
      </span>
      <span class={behind === 0 ? 'badge good' : 'badge honey'}>
        {behind === 0 ? 'has all' : behind === 1 ? '1 entry behind' : `${behind} entries behind`}
      </span>
    </li>
  )
}

const STATES: Readonly<Record<string, string>> = {
  open: 'connected',
  connecting: 'dialling',
  waiting: 'not reached; is dialled again',
  closed: 'closed'
}

function Relays() {
  const { states, isCut, relays } = useStore(useSession().network, state => state)
  return (
    <section class="section" aria-labelledby="relays">
      <h3 id="relays">Relays</h3>
      <ul>
        {relays.map(url => (
          <li key={url} class="row">
            <span class="mono grow">{url}</span>
            <span class="badge">
              {isCut ? 'cut' : (STATES[states.find(state => state.url === url)?.status ?? ''] ?? 'dialling')}
            </span>
          </li>
        ))}
      </ul>
      {relays.length === 0 && <p class="quiet">None is set.</p>}
    </section>
  )
}
