export async function apply(nodes, view) {
  const batch = view.write()
  for (const { value } of nodes) batch.tryPut(Buffer.from('latest'), Buffer.from(value))
  await batch.flush()
}
