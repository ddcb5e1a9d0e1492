//! `share_reflection`: makes the document into which the employee's device copies what she shares, or finds it.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::ids::{DocId, TrajectoryId};
use store::Document;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId) -> Result<CommandDone, Stop> {
    let trajectory = work.own(id).await?;
    if !trajectory.state.is_open() {
        return Err(Refusal::WrongState.into());
    }
    let document = match shared_already(&work.tx.documents_of_trajectory(id).await?) {
        Some(document) => document,
        None => {
            let document = work.add_document(DocKind::Reflection, work.me.id, id).await?;
            work.put_trajectory(&trajectory).await?;
            document
        }
    };
    Ok(CommandDone { document: Some(document), ..CommandDone::default() })
}

/// The reflection that a trajectory's people can read; there is one at most.
pub(super) fn shared_already(documents: &[Document]) -> Option<DocId> {
    documents.iter().find(|it| it.kind == DocKind::Reflection).map(|it| it.id)
}
