//! Who am I: sign-in, unlock, lock.
