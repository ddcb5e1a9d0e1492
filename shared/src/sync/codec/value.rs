//! The rules that hold for every message, whatever its type, and a view of what passed them.

use std::collections::HashSet;

use minicbor::data::Type;
use minicbor::decode::Decoder;

use super::DecodeError;
use super::DecodeError::Malformed;
use crate::sync::limits;

/// Checks that `bytes` are one map that keeps the rules, and gives a view of it.
pub(super) fn message(bytes: &[u8]) -> Result<MapView<'_>, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    if !matches!(decoder.datatype(), Ok(Type::Map)) {
        return Err(Malformed("a message is one map"));
    }
    check(&mut decoder, limits::NESTING)?;
    if decoder.position() != bytes.len() {
        return Err(Malformed("bytes behind the message"));
    }
    Ok(MapView(bytes))
}

/// Checks one value, `nesting` levels of maps and arrays allowed.
fn check(decoder: &mut Decoder<'_>, nesting: usize) -> Result<(), DecodeError> {
    const CUT: DecodeError = Malformed("ends too early, or a text is not UTF-8");
    match decoder.datatype().map_err(|_| CUT)? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            if decoder.u64().map_err(|_| CUT)? > limits::INTEGER {
                return Err(Malformed("an integer above 2^53 - 1"));
            }
        }
        Type::Bytes => drop(decoder.bytes().map_err(|_| CUT)?),
        Type::String => drop(decoder.str().map_err(|_| CUT)?),
        Type::Bool => drop(decoder.bool().map_err(|_| CUT)?),
        Type::Null => decoder.null().map_err(|_| CUT)?,
        Type::Array => {
            let nesting = nesting.checked_sub(1).ok_or(Malformed("nested too deep"))?;
            for _ in 0..length(decoder.array())? {
                check(decoder, nesting)?;
            }
        }
        Type::Map => {
            let nesting = nesting.checked_sub(1).ok_or(Malformed("nested too deep"))?;
            let mut keys = HashSet::new();
            for _ in 0..length(decoder.map())? {
                if !matches!(decoder.datatype(), Ok(Type::String)) {
                    return Err(Malformed("a key is a text"));
                }
                if !keys.insert(decoder.str().map_err(|_| CUT)?) {
                    return Err(Malformed("a key comes twice"));
                }
                check(decoder, nesting)?;
            }
        }
        _ => return Err(Malformed("a value of a type that is not used here")),
    }
    Ok(())
}

fn length(length: Result<Option<u64>, minicbor::decode::Error>) -> Result<u64, DecodeError> {
    length.ok().flatten().ok_or(Malformed("a length that is not definite"))
}

/// A map that has been checked.
#[derive(Clone, Copy)]
pub(super) struct MapView<'b>(&'b [u8]);

/// A value that has been checked.
#[derive(Clone, Copy)]
pub(super) struct ValueView<'b>(&'b [u8]);

impl<'b> MapView<'b> {
    /// The value of `key`, if it is there.
    pub fn get(self, key: &str) -> Option<ValueView<'b>> {
        let mut decoder = Decoder::new(self.0);
        for _ in 0..decoder.map().ok()?? {
            let found = decoder.str().ok()?;
            let start = decoder.position();
            decoder.skip().ok()?;
            if found == key {
                return Some(ValueView(&self.0[start..decoder.position()]));
            }
        }
        None
    }

    /// The value of `key`.
    pub fn need(self, key: &'static str) -> Result<ValueView<'b>, DecodeError> {
        self.get(key).ok_or(Malformed("a key is missing"))
    }
}

impl<'b> ValueView<'b> {
    pub fn is_null(self) -> bool {
        matches!(Decoder::new(self.0).datatype(), Ok(Type::Null))
    }

    pub fn uint(self) -> Result<u64, DecodeError> {
        Decoder::new(self.0).u64().map_err(|_| Malformed("expected an integer"))
    }

    pub fn boolean(self) -> Result<bool, DecodeError> {
        Decoder::new(self.0).bool().map_err(|_| Malformed("expected a truth value"))
    }

    pub fn text(self) -> Result<&'b str, DecodeError> {
        Decoder::new(self.0).str().map_err(|_| Malformed("expected a text"))
    }

    pub fn bytes(self) -> Result<&'b [u8], DecodeError> {
        Decoder::new(self.0).bytes().map_err(|_| Malformed("expected a byte string"))
    }

    /// A byte string of exactly the length of `T`.
    pub fn id<T: TryFrom<&'b [u8]>>(self) -> Result<T, DecodeError> {
        T::try_from(self.bytes()?).map_err(|_| Malformed("a byte string of another length"))
    }

    pub fn map(self) -> Result<MapView<'b>, DecodeError> {
        match Decoder::new(self.0).datatype() {
            Ok(Type::Map) => Ok(MapView(self.0)),
            _ => Err(Malformed("expected a map")),
        }
    }

    /// The elements of an array of integers.
    pub fn uints(self) -> Result<Vec<u64>, DecodeError> {
        const EXPECTED: DecodeError = Malformed("expected an array of integers");
        let mut decoder = Decoder::new(self.0);
        let length = decoder.array().ok().flatten().ok_or(EXPECTED)?;
        (0..length).map(|_| decoder.u64().map_err(|_| EXPECTED)).collect()
    }

    /// The elements of an array of byte strings, each of exactly the length of `T`.
    pub fn ids<T: TryFrom<&'b [u8]>>(self) -> Result<Vec<T>, DecodeError> {
        const EXPECTED: DecodeError = Malformed("expected an array of byte strings of one length");
        let mut decoder = Decoder::new(self.0);
        let length = decoder.array().ok().flatten().ok_or(EXPECTED)?;
        let id = |decoder: &mut Decoder<'b>| T::try_from(decoder.bytes().ok()?).ok();
        (0..length).map(|_| id(&mut decoder).ok_or(EXPECTED)).collect()
    }

    /// The elements of an array of maps, each turned into a `T`.
    pub fn maps<T>(
        self,
        mut each: impl FnMut(MapView<'b>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut decoder = Decoder::new(self.0);
        let length = decoder.array().ok().flatten().ok_or(Malformed("expected an array"))?;
        let mut all = Vec::new();
        for _ in 0..length {
            let start = decoder.position();
            decoder.skip().map_err(|_| Malformed("expected a map"))?;
            all.push(each(ValueView(&self.0[start..decoder.position()]).map()?)?);
        }
        Ok(all)
    }
}
