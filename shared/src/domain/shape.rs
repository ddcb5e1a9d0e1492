//! The containers that every document of a kind is born with.
//!
//! Two devices that each create "the same" map or text make two objects, of which all but one are hidden. What
//! must be there for everybody is therefore created once, in the genesis. The order counts: it decides the
//! genesis' bytes.

use super::kind::DocKind;
use super::reflection_form;

/// A map or text of the genesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A map in the root.
    Map(&'static str),
    /// A text in one of the maps before it: the map's key, the text's key.
    Text(&'static str, &'static str),
}

/// The containers of a document of `kind`, in the order in which the genesis creates them.
#[must_use]
pub fn containers(kind: DocKind) -> Vec<Container> {
    use Container::{Map, Text};
    match kind {
        DocKind::ReflectionDraft | DocKind::Reflection => {
            let mut all = vec![Map("answers"), Map("closing"), Map("jobs"), Map("sections"), Map("meta")];
            all.extend(reflection_form::text_questions().map(|question| Text("answers", question.id)));
            all
        }
        DocKind::Intake | DocKind::WorkingNotes => vec![Map("notes"), Map("meta")],
        DocKind::SharedNotes => {
            vec![Map("notes"), Map("goals"), Map("actions"), Map("agreements"), Map("meta")]
        }
        DocKind::Progress => vec![Map("talks"), Map("scores"), Map("meta")],
        DocKind::CoachProfile => vec![
            Map("texts"),
            Map("expertise"),
            Map("languages"),
            Map("days"),
            Map("places"),
            Map("meta"),
            Text("texts", "approach"),
            Text("texts", "about"),
        ],
        DocKind::Programme => vec![Map("modules"), Map("supervision"), Map("meta")],
        DocKind::Practice => vec![Map("pages"), Map("templates"), Map("meta")],
    }
}
