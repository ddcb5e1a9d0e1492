//! What has not reached the server, as JSON that a person can read and keep.

use std::rc::Rc;

use automerge::AutoSerde;
use leptos::prelude::*;
use serde_json::{Value, json};
use shared::ids::DocId;

use super::outbox::Queued;
use super::platform;
use super::running::Running;
use super::status::Problem;

/// Every document with changes that are not on the server, whole, and every command without an answer.
pub(super) async fn unsynchronised(running: &Rc<Running>) -> String {
    running.flush().await;
    let mut wanted = running.lacked_documents().await;
    wanted.extend(running.status.problems.get_untracked().into_iter().filter_map(|problem| match problem {
        Problem::Denied { document }
        | Problem::Refused { document }
        | Problem::SetAside { document, .. }
        | Problem::Lost { document } => Some(document),
        _ => None,
    }));
    let mut documents = Vec::new();
    for id in wanted {
        documents.push(document(running, id).await);
    }
    let commands: Vec<_> = running.outbox.all().into_iter().filter(Queued::is_unsettled).collect();
    let all = json!({
        "person": running.identity.me.name,
        "exported_at_ms": platform::now_ms(),
        "documents": documents,
        "commands": commands,
    });
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

async fn document(running: &Rc<Running>, id: DocId) -> Value {
    running.read_now(id).await;
    let content = running.held(id).with(|doc| serde_json::to_value(AutoSerde::from(doc)).unwrap_or_default());
    json!({
        "document": id,
        "kind": running.driver.kind(id),
        "changes_not_on_the_server": running.waiting.borrow().get(&id).map_or(0, std::collections::HashSet::len),
        "content": content,
        "lost": running.lost_texts(id),
    })
}
