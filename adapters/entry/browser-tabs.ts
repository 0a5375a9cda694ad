/** What `import 'autobee/tabs'` gives in a page. */
import '../browser/ready.ts'

export * from './tabs.ts'
export { SharedAutobee as default } from './tabs.ts'
