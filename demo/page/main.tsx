import { render } from 'preact'
import { App } from './components/app.tsx'
import { loadSdk } from './state/sdk.ts'

// in the background, while the first screen is drawn; what goes wrong is told by whoever needs it
loadSdk().catch(error => console.warn(error))

const root = document.getElementById('app')
if (root) {
  // the shell that was there from the first byte on is replaced in one go
  root.replaceChildren()
  render(<App />, root)
}
