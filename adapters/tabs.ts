export type { Closable, OwnedAutobee, OwnerCalls, SharedAutobeeOptions } from './tabs/options.ts'
export type { LocalOplog } from './tabs/shared-autobee.ts'
export { SharedAutobee, SharedAutobee as default } from './tabs/shared-autobee.ts'
export type { SharedAutobeeEvents, TabRole } from './tabs/tab.ts'
