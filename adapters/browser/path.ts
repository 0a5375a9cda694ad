/** What `path` is in a page: as much of it as Hypercore's storage takes, for names that lead to no file. */

export function join(...parts: string[]): string {
  const path = parts.filter(Boolean).join('/')
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop()
    else if (name !== '..' || !path.startsWith('/')) names.push(name)
  }
  if (path.startsWith('/')) return `/${names.join('/')}`
  return names.join('/') || '.'
}

export function dirname(path: string): string {
  return join(path, '..')
}
