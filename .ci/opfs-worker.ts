/** The worker of `opfs(name)`: a file beside the module that starts it, in a form that bundlers of users understand. */
import type { Plugin, UserConfig } from 'vite'

const FILE = 'storage/opfs-worker.js'

/** For `worker` of Vite's configuration. */
export const workerFile: NonNullable<UserConfig['worker']> = {
  format: 'es',
  rolldownOptions: { output: { entryFileNames: FILE } }
}

/** What Vite makes of `new URL('./opfs/worker.ts', import.meta.url)`. */
const VITES =
  /new URL\(\s*(?:\/\*[^*]*\*\/\s*)?[`"'][^`"']*opfs-worker\.js[`"'],\s*[`"']{2}\s*\+\s*import\.meta\.url\s*\)/g

/**
 * Vite writes a path from the root of a site, and hides `import.meta.url` from other bundlers. A library needs a relative
 * path, and the expression as webpack, Vite and others look for it.
 */
export function workerBesideModule(): Plugin {
  return {
    name: 'opfs-worker-beside-module',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !chunk.code.includes('opfs-worker')) continue
        const path = chunk.fileName.startsWith('storage/') ? './opfs-worker.js' : `../${FILE}`
        chunk.code = chunk.code.replace(VITES, `new URL('${path}', import.meta.url)`)
        if (!chunk.code.includes(`new URL('${path}', import.meta.url)`)) {
          this.error(`${chunk.fileName} starts the worker of opfs in a way that is not known here`)
        }
      }
    }
  }
}
