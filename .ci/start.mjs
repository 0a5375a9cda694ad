// npm start [-- arguments for demo/start.ts]; --demo=NAME, first, for another program of the demo
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, SetupError, setup } from './setup.mjs'

await main(async () => {
  await setup({ build: true })
  const [, demo] = /^--demo=(.+)$/.exec(process.argv[2] ?? '') ?? []
  if (demo) process.argv.splice(2, 1)
  const name = demo ?? 'start'
  const program = join(root, 'dist', 'node', 'demo', `${name}.js`)
  if (!existsSync(program)) throw new SetupError(`There is no demo/${name}.ts to run.`)
  process.argv[1] = program
  process.setSourceMapsEnabled(true)
  if (process.env.npm_lifecycle_event) endWithNpm()
  // In this process, so that Ctrl-C and the terminal are the demo's own.
  await import(pathToFileURL(program).href)
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
