//! Columns as types.

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

/// Ids for `json_each`, as hexadecimal digits for `unhex`.
pub(crate) fn hex_list<const N: usize>(ids: impl IntoIterator<Item = [u8; N]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push('"');
        for byte in id {
            list.push(char::from(DIGITS[usize::from(byte >> 4)]));
            list.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        list.push('"');
    }
    list.push(']');
    list
}

/// Hashes one after the other.
pub(crate) fn joined(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
