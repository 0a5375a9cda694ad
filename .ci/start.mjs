// npm start [-- arguments for the demo's peer]
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, SetupError, setup } from './setup.mjs'

await main(async () => {
  await setup({ build: true })
  const peer = join(root, 'dist', 'node', 'demo', 'peer.js')
  if (!existsSync(peer)) throw new SetupError('There is no demo/peer.ts to run.')
  process.argv[1] = peer
  process.setSourceMapsEnabled(true)
  // In this process, so that Ctrl-C and the terminal are the demo's own.
  await import(pathToFileURL(peer).href)
  return process.exitCode
})
