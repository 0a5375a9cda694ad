/** The page's service worker: a script of its own, with the list of all files of the build and their hashes. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const FILE = 'service-worker.js'
const LIST = '__FILES__'

export interface ServiceWorkerOptions {
  /** Its source. */
  readonly source: string
  /** Folder of files that are copied as they are. */
  readonly publicFolder: string
}

export function serviceWorker({ source, publicFolder }: ServiceWorkerOptions): Plugin {
  return {
    name: 'page-service-worker',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: source, fileName: FILE })
    },
    generateBundle: {
      // after the HTML, which is a file of the list
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[FILE]
        if (worker?.type !== 'chunk' || !worker.code.includes(LIST))
          throw new Error(`${FILE} has no place for its list of files`)
        if (worker.imports.length > 0) throw new Error(`${FILE} is to be one file`)
        const files = Object.values(bundle)
          .filter(({ fileName }) => fileName !== FILE && !fileName.endsWith('.map'))
          .map(file => [file.fileName, hashOf(file.type === 'chunk' ? file.code : file.source)] as const)
        const copied = readdirSync(publicFolder, { recursive: true, withFileTypes: true })
          .filter(entry => entry.isFile())
          .map(entry => join(entry.parentPath, entry.name))
          .map(path => [path.slice(publicFolder.length + 1), hashOf(readFileSync(path))] as const)
        const list = [...files, ...copied].sort(([a], [b]) => (a < b ? -1 : 1))
        worker.code = worker.code.replaceAll(LIST, () => JSON.stringify(list))
      }
    }
  }
}

/** Asks for the modules that `entry` loads by `import()` together with the page, rather than after its first script. */
export function preloadsOf(entry: string): Plugin {
  return {
    name: 'page-preloads',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter(file => file.type === 'chunk')
        const wanted = chunks.find(({ facadeModuleId, moduleIds }) =>
          [facadeModuleId, ...moduleIds].some(id => id?.endsWith(entry))
        )
        if (!wanted) throw new Error(`no chunk of the build has ${entry}`)
        const names = new Set([wanted.fileName])
        for (const name of names)
          for (const other of chunks.find(({ fileName }) => fileName === name)?.imports ?? [])
            names.add(other)
        const others = [...names].filter(name => !html.includes(name))
        return others.map(name => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `./${name}` },
          injectTo: 'head' as const
        }))
      }
    }
  }
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}
