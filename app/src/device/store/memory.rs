//! A database that keeps nothing: it is in this page alone, and goes with it. For a computer that several people use.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::database::{Entries, RawPart, RawWrite};

/// Object stores with their values by key.
#[derive(Default)]
pub struct Memory(RefCell<BTreeMap<&'static str, BTreeMap<String, Vec<u8>>>>);

impl Memory {
    /// Carries out all parts, each if what it is beside is there by then; which ones were.
    pub fn write(&self, parts: &[RawPart]) -> Vec<bool> {
        let carry_out = |part: &RawPart| {
            let is_there = part.beside.as_ref().is_none_or(|(store, key)| self.get(store, key).is_some());
            if is_there {
                part.writes.iter().for_each(|write| self.issue(write));
            }
            is_there
        };
        parts.iter().map(carry_out).collect()
    }

    fn issue(&self, write: &RawWrite) {
        let mut all = self.0.borrow_mut();
        match write {
            RawWrite::Put { store, key, bytes } => {
                all.entry(store).or_default().insert(key.clone(), bytes.clone());
            }
            RawWrite::Delete { store, key } => drop(all.entry(store).or_default().remove(key)),
            RawWrite::DeletePrefix { store, prefix } => {
                all.entry(store).or_default().retain(|key, _| !key.starts_with(prefix.as_str()));
            }
        }
    }

    /// One value.
    pub fn get(&self, store: &str, key: &str) -> Option<Vec<u8>> {
        self.0.borrow().get(store)?.get(key).cloned()
    }

    /// Every value whose key begins so, ascending.
    pub fn all(&self, store: &str, prefix: &str) -> Entries {
        let all = self.0.borrow();
        let Some(values) = all.get(store) else { return Vec::new() };
        let from = values.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        from.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &'static str, key: &str) -> RawWrite {
        RawWrite::Put { store, key: key.to_owned(), bytes: key.as_bytes().to_vec() }
    }

    fn keys(memory: &Memory, prefix: &str) -> Vec<String> {
        memory.all("items", prefix).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn it_holds_what_a_database_would() {
        let memory = Memory::default();
        let writes = ["b/2", "a/1", "b/1", "c"].map(|key| put("items", key)).to_vec();
        assert_eq!(memory.write(&[RawPart { beside: None, writes }]), [true]);
        assert_eq!(keys(&memory, ""), ["a/1", "b/1", "b/2", "c"]);
        assert_eq!(keys(&memory, "b/"), ["b/1", "b/2"]);
        assert_eq!(memory.get("items", "c").as_deref(), Some(b"c".as_slice()));
        assert_eq!(memory.get("blobs", "c"), None);

        let delete = |prefix: &str| RawWrite::DeletePrefix { store: "items", prefix: prefix.to_owned() };
        memory.write(&[RawPart { beside: None, writes: vec![delete("b/"), put("items", "b/3")] }]);
        assert_eq!(keys(&memory, "b/"), ["b/3"]);
        memory.clear();
        assert!(keys(&memory, "").is_empty());
    }

    #[test]
    fn a_part_is_left_out_where_what_it_is_beside_is_not_there() {
        let memory = Memory::default();
        let beside = |key: &str| Some(("blobs", key.to_owned()));
        let parts = [
            RawPart { beside: beside("mark"), writes: vec![put("items", "too early")] },
            RawPart { beside: None, writes: vec![put("blobs", "mark")] },
            RawPart { beside: beside("mark"), writes: vec![put("items", "in time")] },
        ];
        assert_eq!(memory.write(&parts), [false, true, true]);
        assert_eq!(keys(&memory, ""), ["in time"]);
    }
}
