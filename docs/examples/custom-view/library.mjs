// A view of your own: books by their number, and an index by author that is always true of them.
import { Autobee, memory, openStore, typed } from 'autobee'

class Library {
  #bee
  #books
  #byAuthor

  constructor(bee) {
    this.#bee = typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })
    this.#books = this.#bee.sub('books')
    this.#byAuthor = this.#bee.sub('by-author')
  }

  // for apply

  async put(id, { title, author }) {
    await this.remove(id)
    const batch = this.#bee.write()
    // a batch of the whole bee: both subs change at once
    batch.tryPut(`books\0${id}`, { title, author })
    batch.tryPut(`by-author\0${author}\0${id}`, title)
    await batch.flush()
  }

  async remove(id) {
    const book = await this.#books.get(id)
    if (!book) return
    const batch = this.#bee.write()
    batch.tryDelete(`books\0${id}`)
    batch.tryDelete(`by-author\0${book.value.author}\0${id}`)
    await batch.flush()
  }

  // for everybody

  async title(id) {
    return (await this.#books.get(id))?.value.title ?? null
  }

  async by(author) {
    const titles = []
    for await (const { value } of this.#byAuthor.createReadStream({ prefix: `${author}\0` }))
      titles.push(value)
    return titles
  }
}

const store = await openStore(memory())
const db = new Autobee(store, null, {
  valueEncoding: 'json',
  // called twice: what apply gets can be written to, db.view cannot
  open: bee => new Library(bee),
  async apply(nodes, library) {
    for (const { value } of nodes) {
      if (value.put) await library.put(value.id, value.put)
      else await library.remove(value.id)
    }
  }
})
await db.ready()

await db.append({ id: '1', put: { title: 'Notes', author: 'Ada' } })
await db.append({ id: '2', put: { title: 'Sketches', author: 'Ada' } })
await db.append({ id: '1', put: { title: 'Notes', author: 'Bob' } })
console.log(await db.view.by('Ada'), await db.view.by('Bob'), await db.view.title('2'))

const refused = await db.view.put('3', { title: 'Not like this', author: 'Eve' }).catch(error => error.code)
console.log(refused)

await db.close()
await store.close()
