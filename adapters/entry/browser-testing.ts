/** What `import 'autobee/testing'` gives in a page. */
import '../browser/ready.ts'

export * from './testing.ts'
