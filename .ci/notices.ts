import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** The licences of all packages of which a bundle contains code, as a file beside it. */
export function thirdPartyNotices(): Plugin {
  return {
    name: 'third-party-notices',
    generateBundle(_options, bundle) {
      const folders = new Set<string>()
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
          const folder = renderedLength > 0 && packageFolder(id)
          if (folder) folders.add(folder)
        }
      }
      const source = `These files contain code of the following packages.\n\n${noticesOf(folders)}\n`
      this.emitFile({ type: 'asset', fileName: 'THIRD_PARTY_NOTICES.txt', source })
    }
  }
}

function packageFolder(id: string): string | null {
  return /^\0?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id)?.[1] ?? null
}

/** Each licence once, below the packages that come with it. */
function noticesOf(folders: Iterable<string>): string {
  const packages = new Map<string, Set<string>>()
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    const { name, version, license } = manifest
    if (!license) throw new Error(`${name} does not say its licence`)
    const text = licenceText(folder) ?? `By ${authorOf(manifest)}.`
    const sharing = packages.get(text) ?? new Set()
    packages.set(text, sharing.add(`---- ${name} ${version} (${license}) ----`))
  }
  return [...packages]
    .map(([text, names]) => `${[...names].sort().join('\n')}\n\n${text}`)
    .sort()
    .join('\n\n')
}

function licenceText(folder: string): string | null {
  const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)/i.test(entry))
  return file ? readFileSync(join(folder, file), 'utf8').trim() : null
}

function authorOf({ author }: Manifest): string {
  return (typeof author === 'string' ? author : author?.name) ?? 'its contributors'
}
