import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Session } from '../state/session.ts'
import { useStore } from '../state/store.ts'

const Context = createContext<Session | null>(null)

export const SessionProvider = Context.Provider

/** The board that is open. */
export function useSession(): Session {
  const session = useContext(Context)
  if (!session) throw new Error('there is no board around this component')
  return session
}

/** May one write on it? */
export function useWritable(): boolean {
  return useStore(useSession().open, ({ writable }) => writable)
}
