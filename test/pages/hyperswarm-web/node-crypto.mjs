/** Stands for Node's `crypto`, of which `hyperswarm-web` takes no more than this. */
export { default as randomBytes } from 'randombytes'
