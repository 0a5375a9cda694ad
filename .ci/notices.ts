import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { WORDS } from './licences.ts'

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

const ROOT = join(import.meta.dirname, '..')

function packageFolder(id: string): string | null {
  // the bundler's own helpers, which it writes into what it makes
  if (id.startsWith('\0rolldown')) return join(ROOT, 'node_modules', 'rolldown')
  return /^\0?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id)?.[1] ?? null
}

/** Each licence once, below the packages that come with it. */
function noticesOf(folders: Iterable<string>): string {
  const packages = new Map<string, Set<string>>()
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    const { name, version, license } = manifest
    if (!license) throw new Error(`${name} does not say its licence`)
    const text = fileOf(folder, /^(licen[cs]e|copying)/i) ?? wordsOf(manifest)
    const notice = fileOf(folder, /^notice/i)
    const whole = notice ? `${notice}\n\n${text}` : text
    const sharing = packages.get(whole) ?? new Set()
    packages.set(whole, sharing.add(`---- ${name} ${version} (${license}) ----`))
  }
  return [...packages]
    .map(([text, names]) => `${[...names].sort().join('\n')}\n\n${text}`)
    .sort()
    .join('\n\n')
}

function fileOf(folder: string, named: RegExp): string | null {
  const file = readdirSync(folder).find(entry => named.test(entry))
  return file ? readFileSync(join(folder, file), 'utf8').trim() : null
}

/** For a package that names its licence and does not bring its text. */
function wordsOf({ name, license = '', author }: Manifest): string {
  const words = license === 'Apache-2.0' ? fileOf(ROOT, /^LICENSE$/) : WORDS[license]
  if (!words)
    throw new Error(`${name} comes without the text of its licence, ${license}: see .ci/licences.ts`)
  const holder = (typeof author === 'string' ? author : author?.name) || `the contributors of ${name}`
  return `Copyright (c) ${holder}\n\n${words}`
}
