import { AutobeeError } from '../../src/errors.ts'

/** What `device-file` is in a page, which has no folders to lock. */
export default class DeviceFile {
  constructor() {
    throw new AutobeeError(
      'UNSUPPORTED_RUNTIME',
      'there are no folders in a page; open a store with openStore(name) or openStore(memory())'
    )
  }
}

export { DeviceFile as 'module.exports' }
