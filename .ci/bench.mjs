// npm run bench [-- arguments]: bundles bench/run.ts as the package itself is bundled, and runs it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run, SetupError, setup } from './setup.mjs'

await main(async () => {
  const entry = join(root, 'bench', 'run.ts')
  if (!existsSync(entry)) throw new SetupError('There is no bench/run.ts to run.')
  await setup({ build: true })
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    ssr: { external: true },
    build: { ssr: entry, outDir: 'dist/bench', target: 'node20', minify: false, sourcemap: true }
  })
  return run(process.execPath, [
    '--enable-source-maps',
    join(root, 'dist', 'bench', 'run.js'),
    ...process.argv.slice(2)
  ])
})
