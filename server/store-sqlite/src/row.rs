//! Columns as types.

use std::fmt::Write as _;

use shared::access::Access;
use shared::domain::role::Role;
use shared::ids::ChangeHash;
use store::{Result, StoreError};

/// An id, key or hash.
pub(crate) fn id<T: for<'a> TryFrom<&'a [u8]>>(bytes: &[u8]) -> Result<T> {
    T::try_from(bytes).map_err(|_| wrong::<T>("its length"))
}

/// An id, key or hash that may be missing.
pub(crate) fn id_if<T: for<'a> TryFrom<&'a [u8]>>(bytes: Option<&[u8]>) -> Result<Option<T>> {
    bytes.map(id).transpose()
}

/// 32 bytes that are no id.
pub(crate) fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| wrong::<[u8; 32]>("its length"))
}

/// Something that is kept as its code on the wire.
pub(crate) fn coded<T>(code: &str, from_code: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    from_code(code).ok_or_else(|| wrong::<T>(code))
}

/// A number that is never negative.
pub(crate) fn number(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| wrong::<u64>("a negative number"))
}

/// A number that is never negative and may be missing.
pub(crate) fn number_if(value: Option<i64>) -> Result<Option<u64>> {
    value.map(number).transpose()
}

/// A number on its way in. Everything counted here (moments, places, operations) stays far below 2^63; what
/// came from outside was held to 2^53 by the codec.
pub(crate) fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Roles as `group_concat` puts them together, ascending.
pub(crate) fn roles(codes: Option<&str>) -> Result<Vec<Role>> {
    let codes = codes.unwrap_or_default().split(',').filter(|code| !code.is_empty());
    let mut roles = codes.map(|code| coded(code, Role::from_code)).collect::<Result<Vec<_>>>()?;
    roles.sort_unstable();
    Ok(roles)
}

/// Access as the column of `grants`.
pub(crate) fn access(value: i64) -> Result<Access> {
    match value {
        0 => Ok(Access::None),
        1 => Ok(Access::Read),
        2 => Ok(Access::Write),
        _ => Err(wrong::<Access>("a number out of range")),
    }
}

/// The column of `grants` for access.
pub(crate) fn access_column(access: Access) -> i64 {
    match access {
        Access::None => 0,
        Access::Read => 1,
        Access::Write => 2,
    }
}

fn wrong<T>(what: &str) -> StoreError {
    StoreError::Corrupt(format!("{}: {what}", std::any::type_name::<T>()))
}

/// Bytes as the hexadecimal digits that `unhex` takes.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for some in self.0.chunks(text.len() / 2) {
            for (byte, digits) in some.iter().zip(text.chunks_mut(2)) {
                digits[0] = DIGITS[usize::from(byte >> 4)];
                digits[1] = DIGITS[usize::from(byte & 15)];
            }
            f.write_str(std::str::from_utf8(&text[..2 * some.len()]).map_err(|_| std::fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Bytes from the hexadecimal digits that `hex` gives.
pub(crate) fn unhex<T: for<'a> TryFrom<&'a [u8]>>(digits: &str) -> Result<T> {
    let mut bytes = [0; 32];
    let length = digits.len() / 2;
    let (Some(bytes), 0) = (bytes.get_mut(..length), digits.len() % 2) else {
        return Err(wrong::<T>("its length"));
    };
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else {
            return Err(wrong::<T>(digits));
        };
        // Two hexadecimal digits are a byte.
        *byte = (high * 16 + low) as u8;
    }
    id(bytes)
}

/// An array that SQLite has put together as JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| wrong::<T>(&error.to_string()))
}

/// A JSON array in which the next element can be written.
pub(crate) fn next(array: &mut String) -> &mut String {
    array.push(if array.is_empty() { '[' } else { ',' });
    array
}

/// A JSON array at its end.
pub(crate) fn ended(mut array: String) -> String {
    if array.is_empty() {
        array.push('[');
    }
    array.push(']');
    array
}

/// Ids for `json_each`.
pub(crate) fn hex_list<const N: usize>(ids: impl IntoIterator<Item = [u8; N]>) -> String {
    let mut list = String::new();
    for id in ids {
        // Writing to a string cannot fail.
        let _ = write!(next(&mut list), r#""{}""#, Hex(&id));
    }
    ended(list)
}

/// Codes for `json_each`: letters and underscores, which stand in JSON as they are.
pub(crate) fn code_list<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for code in codes {
        // Writing to a string cannot fail.
        let _ = write!(next(&mut list), r#""{code}""#);
    }
    ended(list)
}

/// Numbers for `json_each`.
pub(crate) fn number_list(numbers: &[u64]) -> String {
    let mut list = String::new();
    for number in numbers {
        // Writing to a string cannot fail.
        let _ = write!(next(&mut list), "{number}");
    }
    ended(list)
}

/// Hashes that stand one after the other.
pub(crate) fn apart(hashes: &[u8]) -> Result<Vec<ChangeHash>> {
    hashes.chunks(ChangeHash::LEN).map(id).collect()
}

/// Hashes one after the other.
pub(crate) fn joined(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
