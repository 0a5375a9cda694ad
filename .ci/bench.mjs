// npm run bench [-- arguments]: bundles bench/ as the package itself is bundled, into a folder of its own, and runs it.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run, SetupError, setup } from './setup.mjs'

await main(async () => {
  const input = {
    run: join(root, 'bench', 'run.ts'),
    'compare-child': join(root, 'bench', 'compare-child.ts'),
    'growth-child': join(root, 'bench', 'growth', 'child.ts'),
    'relay-child': join(root, 'bench', 'relay', 'child.ts')
  }
  if (!existsSync(input.run)) throw new SetupError('There is no bench/run.ts to run.')
  await setup({ build: false, browsers: true })
  const { build } = await import('vite')
  const outDir = join(root, `.dist-bench-${process.pid}`)
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'warn',
      ssr: { external: true },
      build: {
        ssr: true,
        rolldownOptions: { input },
        outDir,
        target: 'node20',
        minify: false,
        sourcemap: true
      }
    })
    await buildPage({ build, outDir: join(outDir, 'browser') })
    const flags = ['--enable-source-maps', '--expose-gc']
    return await run(process.execPath, [...flags, join(outDir, 'run.js'), ...process.argv.slice(2)])
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
})

/** What the browser's table measures, as the package's own bundle for pages is made. */
async function buildPage({ build, outDir }) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(join(root, '.ci', 'bundles.ts'))
  const { resolve, define, build: settings } = module.browserBundle
  const { transform } = settings.rolldownOptions
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    resolve,
    define,
    publicDir: false,
    build: {
      target: settings.target,
      outDir,
      modulePreload: false,
      chunkSizeWarningLimit: 4000,
      rolldownOptions: {
        input: { page: join(root, 'bench', 'browser', 'page.ts') },
        preserveEntrySignatures: 'strict',
        transform,
        output: { entryFileNames: '[name].js' }
      }
    }
  })
}
