// npm run docs:api [-- --check]: makes docs/api from the docstrings; with --check, fails where it is out of date.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run, SetupError, setup } from './setup.mjs'

await main(async () => {
  await setup({ build: false })
  const folder = join(root, '.ci', 'api')
  if (!isInstalled(folder)) {
    console.log('Installing what makes the reference (npm ci) …')
    const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund']
    if (await run('npm', args, { quiet: true }))
      throw new SetupError('What makes the reference could not be installed: npm says why, above.')
  }
  return run(process.execPath, [join(folder, 'main.mjs'), ...process.argv.slice(2)])
})

/** Has it, in the version of its lock file? */
function isInstalled(folder) {
  const path = join('node_modules', 'typescript')
  const installed = join(folder, path, 'package.json')
  if (!existsSync(installed)) return false
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  return JSON.parse(readFileSync(installed, 'utf8')).version === packages['node_modules/typescript'].version
}
