//! Reading documents that anybody may have written: what is unknown is ignored, what is missing is absent, and
//! what has the wrong type is absent too and is reported.

use std::cell::RefCell;
use std::collections::BTreeSet;

use automerge::{ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};

use super::entry;

/// Something in a document that has not the type it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// Where, such as `notes/4fGh/edited_at`.
    pub path: String,
    /// What was expected there, such as `number`.
    pub expected: &'static str,
}

/// What was found odd while a view was read.
#[derive(Debug, Default)]
pub struct Oddities(RefCell<Vec<Oddity>>);

impl Oddities {
    fn note(&self, path: String, expected: &'static str) {
        self.0.borrow_mut().push(Oddity { path, expected });
    }

    /// Everything reported so far.
    #[must_use]
    pub fn into_vec(self) -> Vec<Oddity> {
        self.0.into_inner()
    }
}

/// A map in a document, or the absence of one.
pub struct Node<'a, D> {
    doc: &'a D,
    map: Option<ObjId>,
    path: String,
    oddities: &'a Oddities,
}

impl<'a, D: ReadDoc> Node<'a, D> {
    /// The root of `doc`.
    pub fn root(doc: &'a D, oddities: &'a Oddities) -> Self {
        Self { doc, map: Some(ROOT), path: String::new(), oddities }
    }

    /// A map that is known already, at that path.
    pub fn of(doc: &'a D, map: ObjId, path: String, oddities: &'a Oddities) -> Self {
        Self { doc, map: Some(map), path, oddities }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}/{key}", self.path) }
    }

    fn odd(&self, key: &str, expected: &'static str) {
        self.oddities.note(self.path_of(key), expected);
    }

    fn get(&self, key: &str) -> Option<(Value<'_>, ObjId)> {
        let found = self.doc.get(self.map.as_ref()?, key).ok()??;
        // Null is how a value is taken back; it is no oddity.
        (!matches!(&found.0, Value::Scalar(scalar) if **scalar == ScalarValue::Null)).then_some(found)
    }

    /// The map under `key`; an absent one is a node without anything in it.
    pub fn map(&self, key: &str) -> Node<'a, D> {
        let map = match self.get(key) {
            Some((Value::Object(ObjType::Map), map)) => Some(map),
            Some(_) => {
                self.odd(key, "map");
                None
            }
            None => None,
        };
        Node { doc: self.doc, map, path: self.path_of(key), oddities: self.oddities }
    }

    /// The text under `key`.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            (Value::Object(ObjType::Text), text) => self.doc.text(&text).ok(),
            _ => {
                self.odd(key, "text");
                None
            }
        }
    }

    /// The short string under `key`.
    pub fn string(&self, key: &str) -> Option<String> {
        let found = self.get(key)?.0;
        if let Value::Scalar(scalar) = &found
            && let ScalarValue::Str(string) = scalar.as_ref()
        {
            return Some(string.to_string());
        }
        self.odd(key, "string");
        None
    }

    /// The string under `key`, if `parse` knows it. An unknown one may come from a later version and is absent.
    pub fn code<T>(&self, key: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        parse(&self.string(key)?)
    }

    /// The number under `key`: a whole one, not below zero.
    pub fn number(&self, key: &str) -> Option<u64> {
        let number = match self.get(key)?.0 {
            Value::Scalar(scalar) => whole_number(&scalar),
            Value::Object(_) => None,
        };
        if number.is_none() {
            self.odd(key, "number");
        }
        number
    }

    /// The number under `key`, if it is within `range`.
    pub fn number_in(&self, key: &str, range: &std::ops::RangeInclusive<u8>) -> Option<u8> {
        let number = self.number(key)?;
        let within = u8::try_from(number).ok().filter(|number| range.contains(number));
        if within.is_none() {
            self.odd(key, "number in range");
        }
        within
    }

    /// The yes or no under `key`; absent means no.
    pub fn flag(&self, key: &str) -> bool {
        match self.get(key) {
            Some((Value::Scalar(scalar), _)) if matches!(*scalar, ScalarValue::Boolean(_)) => {
                *scalar == ScalarValue::Boolean(true)
            }
            Some(_) => {
                self.odd(key, "flag");
                false
            }
            None => false,
        }
    }

    /// The keys of this map, in order.
    pub fn keys(&self) -> Vec<String> {
        self.map.as_ref().map(|map| self.doc.keys(map).collect()).unwrap_or_default()
    }

    /// The members of this map as a set: the keys whose value is yes.
    pub fn set(&self) -> BTreeSet<String> {
        self.keys().into_iter().filter(|key| self.flag(key)).collect()
    }

    /// The entries of this map that are maps themselves, with their ids, and with the standing of each.
    ///
    /// If two devices made an entry under one id, both are found; see [`entry::find`].
    pub fn entries(&self) -> Vec<(String, Node<'a, D>)> {
        let Some(map) = &self.map else { return Vec::new() };
        let mut found = Vec::new();
        for key in self.doc.keys(map) {
            for (id, object) in entry::objects(self.doc, map, &key) {
                match object {
                    Some(object) => {
                        let path = self.path_of(&id);
                        found.push((
                            id,
                            Node { doc: self.doc, map: Some(object), path, oddities: self.oddities },
                        ));
                    }
                    None => self.odd(&key, "map"),
                }
            }
        }
        found
    }

    /// The texts of this map by key, the empty ones included.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.keys().into_iter().filter_map(|key| self.text(&key).map(|text| (key, text))).collect()
    }
}

/// A whole number that is not below zero, however it was written.
pub(super) fn whole_number(scalar: &ScalarValue) -> Option<u64> {
    match *scalar {
        ScalarValue::Uint(number) => Some(number),
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => u64::try_from(number).ok(),
        _ => None,
    }
}
