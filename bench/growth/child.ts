/** The child process: does the task that it is given as its argument, and tells what it measured. */

import { grow } from './grow.ts'
import { open, read, serve } from './open.ts'
import type { Message, Task } from './tasks.ts'

const task = JSON.parse(process.argv[2]!) as Task
const tell = (message: Message) =>
  new Promise<void>((resolve, reject) => process.send!(message, error => (error ? reject(error) : resolve())))

// a child does not outlive its parent
const orphaned = () => process.exit(1)
process.on('disconnect', orphaned)

switch (task.task) {
  case 'grow':
    await tell({ done: await grow(task, progress => void tell({ progress })) })
    break
  case 'open':
    await tell({ done: await open(task) })
    break
  case 'serve':
    await tell({ done: await serve(task) })
    break
  case 'read':
    await tell({ done: await read(task) })
    break
}
if (task.task !== 'serve') {
  process.off('disconnect', orphaned)
  process.disconnect?.()
}
