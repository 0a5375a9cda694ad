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
  if (process.env.npm_lifecycle_event) endWithNpm()
  // In this process, so that Ctrl-C and the terminal are the demo's own.
  await import(pathToFileURL(peer).href)
  return process.exitCode
})

/** npm passes SIGTERM on to its shell, which passes it on to nobody: whoever stops npm means this process. */
function endWithNpm() {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  timer.unref()
}
