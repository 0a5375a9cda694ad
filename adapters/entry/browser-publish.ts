/** What `import 'autobee/publish'` gives in a page. */
import '../browser/ready.ts'

export * from '../../src/publish/index.ts'
export { publish as default } from '../../src/publish/index.ts'
