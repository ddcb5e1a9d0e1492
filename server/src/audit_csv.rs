//! The audit log as a table for a spreadsheet: read some rows at a time, however long it is, and with nothing in it that
//! a spreadsheet would carry out.

use std::collections::HashMap;

use futures_util::stream::{Stream, try_unfold};
use shared::ids::UserId;
use store::{AuditFilter, AuditRow, SharedStore, StoreError};

use crate::clock::moment;

/// Rows read at once.
const TOGETHER: u32 = 1_000;
/// The first line.
const HEADINGS: &str = "seq,at,person,name,device,action,object,hash\r\n";

/// The table, piece by piece, the newest rows first.
pub fn lines(
    store: SharedStore,
    filter: AuditFilter,
    names: HashMap<UserId, String>,
) -> impl Stream<Item = Result<String, StoreError>> {
    let state = (store, Some(filter), names, HEADINGS.to_owned());
    try_unfold(state, async |(store, filter, names, mut text)| {
        let Some(mut filter) = filter else { return Ok(None) };
        let rows = store.audit_page(&filter, TOGETHER).await?;
        rows.iter().for_each(|row| text.push_str(&line(row, &names)));
        filter.before = rows.last().map(|row| row.seq);
        let rest = (rows.len() == TOGETHER as usize).then_some(filter);
        Ok(Some((text, (store, rest, names, String::new()))))
    })
}

fn line(row: &AuditRow, names: &HashMap<UserId, String>) -> String {
    let text = |it: Option<&dyn ToString>| it.map(ToString::to_string).unwrap_or_default();
    let event = &row.event;
    let hash: String = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = event.user.and_then(|user| names.get(&user)).cloned().unwrap_or_default();
    let cells = [
        row.seq.to_string(),
        moment(event.at),
        text(event.user.as_ref().map(|it| it as _)),
        name,
        text(event.device.as_ref().map(|it| it as _)),
        event.action.clone(),
        event.object.clone(),
        hash,
    ];
    let mut line = cells.map(|it| cell(&it)).join(",");
    line.push_str("\r\n");
    line
}

/// A cell in quotes. What begins like a formula gets an apostrophe before it, which a spreadsheet takes for text: an id may
/// well begin with a minus sign, and a name with anything.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_carried_out() {
        for (text, expected) in [
            ("refer", "\"refer\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("-abc", "\"'-abc\""),
            ("+1", "\"'+1\""),
            ("@SUM", "\"'@SUM\""),
            ("\tx", "\"'\tx\""),
            ("a,b\nc", "\"a,b\nc\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
