import { useEffect, useState } from 'preact/hooks'
import { type NetworkState, type Sync, syncOf } from '../network/state.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'

export interface SyncWords {
  readonly sync: Sync['sync']
  /** Class of the lamp. */
  readonly lamp: '' | 'wait' | 'on' | 'cut'
  readonly short: string
  readonly long: string
}

/** How it stands with the others, in words. */
export function useSync(): SyncWords {
  const network = useStore(useSession().network, state => state)
  const isOnline = useOnline()
  return wordsOf(syncOf(network, isOnline), network)
}

function wordsOf(state: Sync, { relays, peers }: NetworkState): SyncWords {
  const { sync } = state
  const devices = `${peers.length} ${peers.length === 1 ? 'device' : 'devices'}`
  switch (sync) {
    case 'cut':
      return {
        sync,
        lamp: 'cut',
        short: 'Cut off',
        long: 'You have cut the network. What you do stays here.'
      }
    case 'alone':
      return { sync, lamp: '', short: 'This device', long: 'No relay is set: nobody can be met.' }
    case 'offline':
      return { sync, lamp: '', short: 'Offline', long: 'No relay can be reached. All you do is kept here.' }
    case 'connecting':
      return { sync, lamp: 'wait', short: 'Connecting', long: 'Dials the relay …' }
    case 'waiting':
      return {
        sync,
        lamp: 'wait',
        short: 'Nobody here',
        long: `The ${relays.length === 1 ? 'relay is' : 'relays are'} reached, and nobody else is there just now.`
      }
    case 'connected':
      return {
        sync,
        lamp: 'on',
        short: devices,
        long: `Connected to ${devices}; not all have everything yet.`
      }
    case 'held':
      return {
        sync,
        lamp: 'on',
        short: `${devices} ✓`,
        long: `Connected to ${devices}; everything is held elsewhere too.`
      }
  }
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(() => navigator.onLine)
  useEffect(() => {
    const follow = () => setOnline(navigator.onLine)
    for (const event of ['online', 'offline']) addEventListener(event, follow)
    return () => {
      for (const event of ['online', 'offline']) removeEventListener(event, follow)
    }
  }, [])
  return isOnline
}
