import { relative, resolve } from 'node:path'

/** As a shell wants it. */
export function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A folder for a second peer on this machine, as short as it can be said from here. */
export function folderBeside(folder: string): string {
  const path = `${relative(process.cwd(), resolve(folder))}-2`
  return path.startsWith('..') ? `${resolve(folder)}-2` : `./${path}`
}
