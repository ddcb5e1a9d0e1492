//! What codes of the domain are called, in both languages.

use leptos_i18n::I18nContext;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::plan::{ItemKind, ItemState};
use shared::domain::progress::{Phase, Status, TalkKind};
use shared::domain::reflection_form::{Guidance, Section};
use shared::domain::role::Role;

use crate::i18n::*;

type Words = I18nContext<Locale>;

/// Where a trajectory is.
pub fn state(i18n: Words, state: TrajectoryState) -> &'static str {
    match state {
        TrajectoryState::Registered => t_string!(i18n, common.state_registered),
        TrajectoryState::IntakePlanned => t_string!(i18n, common.state_intake_planned),
        TrajectoryState::IntakeHeld => t_string!(i18n, common.state_intake_held),
        TrajectoryState::RouteChosen => t_string!(i18n, common.state_route_chosen),
        TrajectoryState::ReferralOffered => t_string!(i18n, common.state_referral_offered),
        TrajectoryState::Active => t_string!(i18n, common.state_active),
        TrajectoryState::Closing => t_string!(i18n, common.state_closing),
        TrajectoryState::Closed => t_string!(i18n, common.state_closed),
        TrajectoryState::Retained => t_string!(i18n, common.state_retained),
        TrajectoryState::Destroyed => t_string!(i18n, common.state_destroyed),
    }
}

/// What a role is called.
pub fn role(i18n: Words, role: Role) -> &'static str {
    match role {
        Role::Employee => t_string!(i18n, common.role_employee),
        Role::CareerAdviser => t_string!(i18n, common.role_career_adviser),
        Role::InternalCoach => t_string!(i18n, common.role_internal_coach),
        Role::Trainer => t_string!(i18n, common.role_trainer),
        Role::LineManager => t_string!(i18n, common.role_line_manager),
        Role::Administrator => t_string!(i18n, common.role_administrator),
    }
}

/// What kind of talk it is.
pub fn talk(i18n: Words, kind: TalkKind) -> &'static str {
    match kind {
        TalkKind::First => t_string!(i18n, common.talk_first),
        TalkKind::FollowUp => t_string!(i18n, common.talk_follow_up),
        TalkKind::ThreeWay => t_string!(i18n, common.talk_three_way),
        TalkKind::Closing => t_string!(i18n, common.talk_closing),
        TalkKind::Call => t_string!(i18n, common.talk_call),
    }
}

/// The phase of a career step.
pub fn phase(i18n: Words, phase: Option<Phase>) -> &'static str {
    match phase {
        None => t_string!(i18n, common.phase_none),
        Some(Phase::Farewell) => t_string!(i18n, common.phase_farewell),
        Some(Phase::SelfExamination) => t_string!(i18n, common.phase_self_examination),
        Some(Phase::Exploration) => t_string!(i18n, common.phase_exploration),
        Some(Phase::ActionPlan) => t_string!(i18n, common.phase_action_plan),
        Some(Phase::NewWork) => t_string!(i18n, common.phase_new_work),
    }
}

/// How it goes.
pub fn status(i18n: Words, status: Option<Status>) -> &'static str {
    match status {
        None => t_string!(i18n, common.status_none),
        Some(Status::OnTrack) => t_string!(i18n, common.status_on_track),
        Some(Status::Waiting) => t_string!(i18n, common.status_waiting),
        Some(Status::Paused) => t_string!(i18n, common.status_paused),
        Some(Status::Finishing) => t_string!(i18n, common.status_finishing),
    }
}

/// A goal, an action or an agreement.
pub fn item_kind(i18n: Words, kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Goal => t_string!(i18n, coach.goal),
        ItemKind::Action => t_string!(i18n, coach.action),
        ItemKind::Agreement => t_string!(i18n, coach.agreement),
    }
}

/// How far a goal, an action or an agreement is.
pub fn item_state(i18n: Words, state: ItemState) -> &'static str {
    match state {
        ItemState::Open => t_string!(i18n, coach.item_open),
        ItemState::Doing => t_string!(i18n, coach.item_doing),
        ItemState::Done => t_string!(i18n, coach.item_done),
        ItemState::Dropped => t_string!(i18n, coach.item_dropped),
    }
}

/// The name of a template that comes with the product.
pub fn template(i18n: Words, code: &str) -> String {
    match code {
        "quick" => t_string!(i18n, coach.template_quick),
        "intake" => t_string!(i18n, coach.template_intake),
        "grow" => t_string!(i18n, coach.template_grow),
        "starr" => t_string!(i18n, coach.template_starr),
        "phase" => t_string!(i18n, coach.template_phase),
        "closing" => t_string!(i18n, coach.template_closing),
        "three_way" => t_string!(i18n, coach.template_three_way),
        other => return other.to_owned(),
    }
    .to_owned()
}

/// The name of a part of a template.
pub fn part(i18n: Words, template: &str, part: &str) -> String {
    match (template, part) {
        ("quick", "words") => t_string!(i18n, coach.part_words),
        ("quick", "insight") => t_string!(i18n, coach.part_insight),
        ("quick", "action") => t_string!(i18n, coach.part_action),
        ("quick", "next") => t_string!(i18n, coach.part_next),
        ("intake", "question") => t_string!(i18n, coach.part_question),
        (_, "situation") => t_string!(i18n, coach.part_situation),
        ("intake", "wishes") => t_string!(i18n, coach.part_wishes),
        ("intake", "route") => t_string!(i18n, coach.part_route),
        ("intake", "why") => t_string!(i18n, coach.part_why),
        ("grow", "goal") => t_string!(i18n, coach.part_goal),
        ("grow", "reality") => t_string!(i18n, coach.part_reality),
        ("grow", "options") => t_string!(i18n, coach.part_options),
        ("grow", "will") => t_string!(i18n, coach.part_will),
        ("starr", "task") => t_string!(i18n, coach.part_task),
        ("starr", "action") => t_string!(i18n, coach.part_done),
        (_, "result") => t_string!(i18n, coach.part_result),
        ("starr", "reflection") => t_string!(i18n, coach.part_reflection),
        ("phase", "farewell") => t_string!(i18n, common.phase_farewell),
        ("phase", "self_examination") => t_string!(i18n, common.phase_self_examination),
        ("phase", "exploration") => t_string!(i18n, common.phase_exploration),
        ("phase", "action_plan") => t_string!(i18n, common.phase_action_plan),
        ("phase", "new_work") => t_string!(i18n, common.phase_new_work),
        ("closing", "before_after") => t_string!(i18n, coach.part_before_after),
        ("closing", "aftercare") => t_string!(i18n, coach.part_aftercare),
        ("three_way", "agreed") => t_string!(i18n, coach.part_agreed),
        (_, other) => return other.to_owned(),
    }
    .to_owned()
}

/// A day of the week, which documents keep by its Dutch name; another word is shown as it is.
pub fn day(i18n: Words, day: &str) -> String {
    match day {
        "maandag" => t_string!(i18n, coach.day_mon),
        "dinsdag" => t_string!(i18n, coach.day_tue),
        "woensdag" => t_string!(i18n, coach.day_wed),
        "donderdag" => t_string!(i18n, coach.day_thu),
        "vrijdag" => t_string!(i18n, coach.day_fri),
        other => return other.to_owned(),
    }
    .to_owned()
}

/// The words of a question of the reflection form.
pub fn question(i18n: Words, id: &str) -> &'static str {
    match id {
        "A1" => t_string!(i18n, common.question_a1),
        "A2" => t_string!(i18n, common.question_a2),
        "B1" => t_string!(i18n, common.question_b1),
        "B2" => t_string!(i18n, common.question_b2),
        "B3" => t_string!(i18n, common.question_b3),
        "B4" => t_string!(i18n, common.question_b4),
        "C1" => t_string!(i18n, common.question_c1),
        "C2" => t_string!(i18n, common.question_c2),
        "D1" => t_string!(i18n, common.question_d1),
        "D2" => t_string!(i18n, common.question_d2),
        "D3" => t_string!(i18n, common.question_d3),
        "E1" => t_string!(i18n, common.question_e1),
        "E2" => t_string!(i18n, common.question_e2),
        "E3" => t_string!(i18n, common.question_e3),
        "F1" => t_string!(i18n, common.question_f1),
        "F2" => t_string!(i18n, common.question_f2),
        "F3" => t_string!(i18n, common.question_f3),
        "G1" => t_string!(i18n, common.question_g1),
        "H1" => t_string!(i18n, common.question_h1),
        "H2" => t_string!(i18n, common.question_h2),
        "H3" => t_string!(i18n, common.question_h3),
        "H4" => t_string!(i18n, common.question_h4),
        _ => "",
    }
}

/// The name of a section of the form.
pub fn section(i18n: Words, section: Section) -> &'static str {
    match section {
        Section::A => t_string!(i18n, common.section_a),
        Section::B => t_string!(i18n, common.section_b),
        Section::C => t_string!(i18n, common.section_c),
        Section::D => t_string!(i18n, common.section_d),
        Section::E => t_string!(i18n, common.section_e),
        Section::F => t_string!(i18n, common.section_f),
        Section::G => t_string!(i18n, common.section_g),
        Section::H => t_string!(i18n, common.section_h),
    }
}

/// One of the six parts of the work wheel, by its scale.
pub fn wheel(i18n: Words, scale: &str) -> &'static str {
    match scale {
        "B4.content" => t_string!(i18n, common.wheel_content),
        "B4.colleagues" => t_string!(i18n, common.wheel_colleagues),
        "B4.management" => t_string!(i18n, common.wheel_management),
        "B4.balance" => t_string!(i18n, common.wheel_balance),
        "B4.growth" => t_string!(i18n, common.wheel_growth),
        "B4.security" => t_string!(i18n, common.wheel_security),
        other => question(i18n, other),
    }
}

/// By whom she prefers to be guided.
pub fn guidance(i18n: Words, guidance: Guidance) -> &'static str {
    match guidance {
        Guidance::Internal => t_string!(i18n, common.guidance_internal),
        Guidance::External => t_string!(i18n, common.guidance_external),
        Guidance::Either => t_string!(i18n, common.guidance_either),
    }
}
