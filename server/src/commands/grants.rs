//! The table of `shared::access`, written down: who may do what with a document, as rows.

use shared::access::{Access, Subject, access};
use shared::ids::DocId;
use store::{GrantsChange, NewGrant, StoreError, User, WriteTx};

/// A person, as far as access depends on her.
#[must_use]
pub fn subject(user: &User) -> Subject {
    Subject { user: user.id, roles: if user.disabled { vec![] } else { user.roles.clone() } }
}

/// Recomputes who may do what with a document.
///
/// # Errors
/// When the store fails.
pub async fn regrant(tx: &mut dyn WriteTx, users: &[User], doc: DocId) -> Result<GrantsChange, StoreError> {
    let Some(facts) = tx.document_facts(doc).await? else { return Ok(GrantsChange::default()) };
    let grants: Vec<NewGrant> = users
        .iter()
        .map(|user| NewGrant { user: user.id, access: access(&subject(user), &facts) })
        .filter(|grant| grant.access != Access::None)
        .collect();
    tx.set_grants(doc, &grants).await
}
