import { createRequire } from 'node:module'

/** Of this package; by its name, since the file that this ends up in is the bundler's affair. */
export const VERSION: string = createRequire(import.meta.url)('autobee/package.json').version
