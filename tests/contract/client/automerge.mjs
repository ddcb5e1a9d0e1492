// The standard library, for tests that hold what this product gives against it.
export * from '@automerge/automerge';
