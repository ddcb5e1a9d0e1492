//! Changing what somebody is, with everything that follows for access.

use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use store::{Document, StoreError, User, WriteTx};

use super::{FollowUp, grants};
use crate::random;

/// Gives a person these roles and no others. What she may no longer read is lost once the transaction is committed and
/// `follow_up` told.
///
/// # Errors
/// When the store fails.
pub async fn set(
    tx: &mut dyn WriteTx,
    user: &mut User,
    roles: Vec<Role>,
    follow_up: &mut FollowUp,
) -> Result<(), StoreError> {
    user.roles = roles;
    tx.put_user(user).await?;
    if user.roles.contains(&Role::InternalCoach) {
        let hers = tx.documents_of_owner(Some(user.id)).await?;
        if !hers.iter().any(|it| it.kind == DocKind::CoachProfile) {
            let id = DocId(random::fresh());
            let (kind, owner) = (DocKind::CoachProfile, Some(user.id));
            tx.add_document(&Document { id, kind, owner, trajectory: None, destroyed: false }).await?;
        }
    }
    // Who oversees or coaches stands in a relation to documents of others.
    let users = tx.users().await?;
    for document in tx.documents().await? {
        let change = grants::regrant(tx, &users, document.id).await?;
        follow_up.access_changed(document.id, change);
    }
    follow_up.directory.extend(users.iter().map(|it| it.id));
    Ok(())
}
