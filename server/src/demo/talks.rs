//! Talks of the demonstration: the adviser's intake notes, the coaches' notes for themselves and shared, the
//! plans, and the progress.

use automerge::AutoCommit;
use shared::domain::entry::WriteError;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::notes::{self, NewNote};
use shared::domain::plan::{self, ItemKind, ItemState, NewItem};
use shared::domain::progress::{self, Moment};
use shared::domain::template::Template;

use super::Ids;
use super::conversations::{CONVERSATIONS, Conversation, INTAKES, TalkDay};
use super::moments::Moments;
use super::people::{ADVISER, DemoTrajectory, trajectory};

fn conversation(employee: &str) -> Option<&'static Conversation> {
    CONVERSATIONS.iter().find(|conversation| conversation.employee == employee)
}

impl TalkDay {
    fn moment(self, at: Moments) -> u64 {
        match self {
            Self::DaysAgo(days) => at.days_ago(days, 9 + days.unsigned_abs() % 5, 30),
            Self::TodayIn(minutes) => at.today_in(minutes),
        }
    }
}

pub(super) fn has_intake(employee: &str) -> bool {
    INTAKES.iter().any(|intake| intake.employee == employee)
}

/// Adds a note and fills it; a part without a name is the free text.
fn note(
    doc: &mut AutoCommit,
    new: NewNote<'_>,
    words: &[(&'static str, &'static str)],
    now: u64,
) -> Result<(), WriteError> {
    notes::add_session(doc, new, now)?;
    for (part, words) in words {
        let part = (!part.is_empty()).then_some(*part);
        notes::change_text(doc, new.id, part, "", words, now)?;
    }
    Ok(())
}

pub(super) fn write_intake(
    employee: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    let days = trajectory(employee).and_then(|it| it.intake_days_ago);
    let Some(intake) = INTAKES.iter().find(|intake| intake.employee == employee) else { return Ok(()) };
    let talk_at = days.map(|days| at.days_ago(days, 10, 0));
    let parts = Template::of("intake").map_or(&[][..], |template| template.parts);
    let new =
        NewNote { id: "intake-1", by: ids(ADVISER), talk: None, talk_at, template: Some("intake"), parts };
    note(doc, new, intake.words, talk_at.unwrap_or(at.now()).min(at.now()))
}

pub(super) fn write_working_notes(
    employee: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    let (Some(talks), Some(coach)) =
        (conversation(employee), trajectory(employee).and_then(DemoTrajectory::coach))
    else {
        return Ok(());
    };
    for (place, talk) in talks.talks.iter().enumerate().filter(|(_, talk)| !talk.private.is_empty()) {
        let (id, talk_id) = (format!("own-{place}"), format!("talk-{place}"));
        let moment = talk.day.moment(at);
        let template = talk.template.and_then(Template::of);
        let new = NewNote {
            id: &id,
            by: ids(coach),
            talk: Some(&talk_id),
            talk_at: Some(moment),
            template: talk.template,
            parts: template.map_or(&[], |template| template.parts),
        };
        note(doc, new, talk.private, moment.min(at.now()))?;
    }
    Ok(())
}

pub(super) fn write_shared_notes(
    employee: &str,
    author: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    let Some(talks) = conversation(employee) else { return Ok(()) };
    let is_coach = author != employee;
    for (place, talk) in
        talks.talks.iter().enumerate().filter(|(_, talk)| is_coach && !talk.shared.is_empty())
    {
        let (id, talk_id) = (format!("shared-{place}"), format!("talk-{place}"));
        let moment = talk.day.moment(at);
        let new = NewNote {
            id: &id,
            by: ids(author),
            talk: Some(&talk_id),
            talk_at: Some(moment),
            template: None,
            parts: &[],
        };
        note(doc, new, &[("", talk.shared)], moment.min(at.now()))?;
    }
    for (place, item) in talks.items.iter().enumerate().filter(|(_, item)| item.by_coach == is_coach) {
        let id = format!("{}-{place}", item.kind.code());
        let due = item.due_in.map(|days| at.date_in(days));
        let made = at.days_ago(item.days_ago, 11, 0).min(at.now());
        let owner = match item.kind {
            ItemKind::Agreement => None,
            ItemKind::Goal => Some(employee),
            ItemKind::Action if item.for_coach => trajectory(employee).and_then(DemoTrajectory::coach),
            ItemKind::Action => Some(employee),
        };
        let new = NewItem {
            id: &id,
            kind: item.kind,
            text: item.text,
            owner: owner.map(ids),
            due: due.as_deref(),
            note: None,
            by: ids(author),
        };
        plan::add(doc, new, made)?;
        if item.state != ItemState::Open {
            plan::set_status(doc, item.kind, &id, item.state, at.now().min(made + 7 * 86_400_000))?;
        }
    }
    Ok(())
}

pub(super) fn write_progress(
    employee: &str,
    author: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    let Some(talks) = conversation(employee) else { return Ok(()) };
    if author == employee {
        return show_scores(employee, doc);
    }
    for (place, talk) in talks.talks.iter().enumerate() {
        let id = format!("talk-{place}");
        let moment = talk.day.moment(at);
        progress::plan_talk(doc, &id, talk.kind, moment, ids(author), moment.min(at.now()))?;
        if matches!(talk.day, TalkDay::DaysAgo(days) if days > 0) {
            progress::set_held(doc, &id, true, moment)?;
        }
    }
    progress::set_phase(doc, talks.phase)?;
    progress::set_status(doc, talks.status)?;
    progress::set_needs_attention(doc, talks.needs_attention)
}

/// Those who came to the end show their scores, and so does the first.
fn show_scores(employee: &str, doc: &mut AutoCommit) -> Result<(), WriteError> {
    let (Some((start, end)), Some(trajectory)) = (super::reflections::scores(employee), trajectory(employee))
    else {
        return Ok(());
    };
    if trajectory.state < TrajectoryState::Closing && employee != "medewerker1@demo.example" {
        return Ok(());
    }
    for (scale, value) in ["B1", "F2"].into_iter().zip(start) {
        progress::show_score(doc, Moment::Start, scale, Some(value))?;
    }
    for (scale, value) in ["B1", "F2"].into_iter().zip(end.into_iter().flatten()) {
        progress::show_score(doc, Moment::End, scale, Some(value))?;
    }
    Ok(())
}
