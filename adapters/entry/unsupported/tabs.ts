/** `autobee/tabs` in Node. */
import { AutobeeError } from '../../../src/index.ts'
import type * as real from '../../tabs.ts'

class Unsupported {
  constructor() {
    const message =
      'SharedAutobee needs the tabs of a browser; use Autobee, or KeyValue, with openStore(folder)'
    throw new AutobeeError('UNSUPPORTED_RUNTIME', message)
  }
}

export const SharedAutobee = Unsupported as unknown as typeof real.SharedAutobee
export default SharedAutobee
