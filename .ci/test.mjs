// npm test [-- arguments for vitest]
import { join } from 'node:path'
import { main, root, run, setup } from './setup.mjs'

await main(async () => {
  await setup({ build: true, browsers: true })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return run(process.execPath, [vitest, 'run', ...process.argv.slice(2)])
})
