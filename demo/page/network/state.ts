/** What tabs are told of the network: plain data, without keys of anything. */
export interface NetworkSettings {
  /** Does the user want no network? */
  readonly isCut: boolean
  readonly relays: readonly string[]
  /** May peers be talked to directly (WebRTC)? They learn this device's addresses then. */
  readonly direct: boolean
}

export interface PeerState {
  /** Public key of its connection, as hex. */
  readonly id: string
  readonly kind: string
  /** Writer key, z-base-32, as it says itself; null: it has not said. */
  readonly writer: string | null
  /** Entries that this device has and that peer lacks, as far as it has told. */
  readonly behind: number
  /** Does it have all that was written on this device? */
  readonly holdsOwn: boolean
}

export interface NetworkState extends NetworkSettings {
  readonly states: readonly { readonly url: string; readonly status: string }[]
  readonly peers: readonly PeerState[]
  /** Entries that were written on this device. */
  readonly own: number
  /** Why a relay lets this device not in; null: nothing that one could do something about. */
  readonly problem: string | null
}

export const NO_NETWORK: NetworkState = {
  isCut: false,
  relays: [],
  direct: true,
  states: [],
  peers: [],
  own: 0,
  problem: null
}

export type Sync =
  | { readonly sync: 'cut' | 'alone' | 'offline' | 'connecting' | 'waiting' }
  | { readonly sync: 'connected' | 'held'; readonly peers: number }

/**
 * All in one word. `alone`: there is no relay to meet at. `waiting`: a relay is there, and nobody else. `held`: a peer has all that
 * this device has.
 */
export function syncOf({ isCut, relays, states, peers }: NetworkState, isOnline: boolean): Sync {
  if (isCut) return { sync: 'cut' }
  if (relays.length === 0) return { sync: 'alone' }
  if (peers.some(({ behind }) => behind === 0)) return { sync: 'held', peers: peers.length }
  if (peers.length > 0) return { sync: 'connected', peers: peers.length }
  if (states.some(({ status }) => status === 'open')) return { sync: 'waiting' }
  return { sync: isOnline && !states.every(({ status }) => status === 'waiting') ? 'connecting' : 'offline' }
}
