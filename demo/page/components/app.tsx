import { useEffect, useState } from 'preact/hooks'
import { openRoute, type Route, START } from '../state/route.ts'
import { BoardScreen } from './board-screen.tsx'
import { Join } from './join.tsx'
import { SessionProvider } from './session-context.ts'
import { Start } from './start.tsx'
import { TroubleNotice } from './trouble.tsx'
import { UpdateNotice } from './update-notice.tsx'

/** The page: one of its screens, by the address. */
export function App() {
  const [route, setRoute] = useState<Route>({ screen: 'opening', name: '' })

  useEffect(() => {
    let current = openRoute(setRoute)
    const follow = () => {
      // as long as the page itself takes a secret out of the address, it is the same board
      if (current.isAt(location.hash)) return
      void current.close()
      current = openRoute(setRoute)
    }
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])

  return (
    <>
      <UpdateNotice />
      <Screen route={route} />
    </>
  )
}

function Screen({ route }: { route: Route }) {
  switch (route.screen) {
    case 'start':
      return <Start />
    case 'join':
      return <Join invitation={route.invitation} sdk={route.sdk} />
    case 'board':
      return (
        <SessionProvider value={route.session}>
          <BoardScreen key={route.session.known.store} />
        </SessionProvider>
      )
    default:
      return (
        <>
          <header class="bar">
            <a class="brand" href={START}>
              <span class="mark" aria-hidden="true" />
              Autobee Board
            </a>
          </header>
          <main class="page stack" aria-busy={route.screen === 'opening'}>
            {route.screen === 'opening' ? (
              <p class="quiet">{route.name ? `Opening ${route.name} …` : 'Opening …'}</p>
            ) : (
              <>
                <h1>{route.name || 'This board'}</h1>
                <TroubleNotice trouble={route.trouble} />
                <p>
                  <a href={START}>All your boards</a>
                </p>
              </>
            )}
          </main>
        </>
      )
  }
}
