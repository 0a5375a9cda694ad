import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The browser build, for `/lib/`. */
export const dist = fileURLToPath(new URL('../../dist/browser', import.meta.url))

/** A client beside this file as one script, which takes the package from `/lib/`. */
export async function bundleClient(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['/lib/*'],
    write: false
  })
  return outputFiles[0]?.text as string
}
