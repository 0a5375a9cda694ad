// npm run fuzz [-- --seeds 2000, and arguments for vitest]: many more seeds of the simulation than npm test runs, in Node
// or, with --project chromium-indexeddb or chromium-memory, in a page.
import { join } from 'node:path'
import { main, root, run, SetupError, setup } from './setup.mjs'

const DEFAULT_SEEDS = '2000'

await main(async () => {
  const args = process.argv.slice(2)
  const at = args.indexOf('--seeds')
  const [, seeds] = at === -1 ? ['--seeds', DEFAULT_SEEDS] : args.splice(at, 2)
  if (!/^[1-9]\d*$/.test(seeds ?? ''))
    throw new SetupError('--seeds takes a number of seeds, such as --seeds 5000.')
  if (!args.some(arg => arg.startsWith('--project'))) args.push('--project', 'node')
  await setup({ build: false, browsers: args.some(arg => arg.includes('chromium')) })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  // No time limit per test: the number of seeds decides how long it takes.
  return run(process.execPath, [vitest, 'run', 'test/simulation', '--testTimeout', '0', ...args], {
    env: { ...process.env, FUZZ_SEEDS: seeds }
  })
})
