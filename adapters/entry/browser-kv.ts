/** What `import 'autobee/kv'` gives in a page. */
import '../browser/ready.ts'

export * from '../../src/kv/index.ts'
export { KeyValue as default } from '../../src/kv/index.ts'
