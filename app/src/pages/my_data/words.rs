//! What requests, their states and their steps are called, in both languages.

use leptos_i18n::I18nContext;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::domain::request::{Answer, Reason, Request, RequestKind, RequestState, Scope};
use shared::domain::role::Role;

use crate::i18n::*;

type Words = I18nContext<Locale>;

/// What was asked.
pub fn request(i18n: Words, kind: RequestKind, scope: Option<Scope>) -> &'static str {
    match (kind, scope) {
        (RequestKind::Access, _) => t_string!(i18n, mydata.request_access),
        (RequestKind::Erasure, Some(Scope::Drafts {})) => t_string!(i18n, mydata.request_drafts),
        (RequestKind::Erasure, Some(Scope::Trajectory { .. })) => t_string!(i18n, mydata.request_trajectory),
        (RequestKind::Erasure, Some(Scope::Account {}) | None) => t_string!(i18n, mydata.request_account),
    }
}

/// Where a request is.
pub fn state(i18n: Words, request: &Request) -> &'static str {
    match (request.kind, request.state) {
        (RequestKind::Erasure, RequestState::Requested) => t_string!(i18n, mydata.state_erasure_requested),
        (RequestKind::Access, RequestState::Requested) => t_string!(i18n, mydata.state_access_requested),
        (_, RequestState::Agreed) => t_string!(i18n, mydata.state_agreed),
        (_, RequestState::Declined) => t_string!(i18n, mydata.state_declined),
        (_, RequestState::Withdrawn) => t_string!(i18n, mydata.state_withdrawn),
        (RequestKind::Erasure, RequestState::Done) => t_string!(i18n, mydata.state_erased),
        (RequestKind::Access, RequestState::Done) => t_string!(i18n, mydata.state_answered),
        (_, RequestState::Lapsed) => t_string!(i18n, mydata.state_lapsed),
    }
}

/// Why not.
pub fn reason(i18n: Words, reason: Reason) -> &'static str {
    match reason {
        Reason::StillRunning => t_string!(i18n, mydata.reason_still_running),
        Reason::LegalDuty => t_string!(i18n, mydata.reason_legal_duty),
        Reason::LegalClaim => t_string!(i18n, mydata.reason_legal_claim),
        Reason::AboutOthers => t_string!(i18n, mydata.reason_about_others),
        Reason::NothingThere => t_string!(i18n, mydata.reason_nothing_there),
    }
}

/// Who was asked to look, by role.
pub fn asked(i18n: Words, role: Role) -> &'static str {
    match role {
        Role::CareerAdviser => t_string!(i18n, mydata.asked_adviser),
        _ => t_string!(i18n, mydata.asked_coach),
    }
}

/// What she said.
pub fn answer(i18n: Words, kind: RequestKind, answer: Option<Answer>) -> String {
    match (kind, answer) {
        (_, None) => t_string!(i18n, mydata.answer_none).to_owned(),
        (RequestKind::Access, Some(Answer::Yes {})) => t_string!(i18n, mydata.answer_provided).to_owned(),
        (RequestKind::Erasure, Some(Answer::Yes {})) => t_string!(i18n, mydata.answer_goes).to_owned(),
        (RequestKind::Access, Some(Answer::No { reason: why })) => {
            t_string!(i18n, mydata.answer_not_provided, reason = reason(i18n, why)).to_string()
        }
        (RequestKind::Erasure, Some(Answer::No { reason: why })) => {
            t_string!(i18n, mydata.answer_stays, reason = reason(i18n, why)).to_string()
        }
    }
}

/// A kind of document, in whatever number.
pub fn kind(i18n: Words, kind: DocKind) -> &'static str {
    match kind {
        DocKind::ReflectionDraft => t_string!(i18n, mydata.kind_reflection_draft),
        DocKind::Reflection => t_string!(i18n, mydata.kind_reflection),
        DocKind::Intake => t_string!(i18n, mydata.kind_intake),
        DocKind::WorkingNotes => t_string!(i18n, mydata.kind_working_notes),
        DocKind::SharedNotes => t_string!(i18n, mydata.kind_shared_notes),
        DocKind::Progress => t_string!(i18n, mydata.kind_progress),
        DocKind::CoachProfile => t_string!(i18n, mydata.kind_coach_profile),
        DocKind::Programme => t_string!(i18n, mydata.kind_programme),
        DocKind::Practice => t_string!(i18n, mydata.kind_practice),
    }
}

/// What became of a proposal to a coach.
pub fn referral(i18n: Words, state: ReferralState) -> &'static str {
    match state {
        ReferralState::Offered => t_string!(i18n, mydata.referral_offered),
        ReferralState::Accepted => t_string!(i18n, mydata.referral_accepted),
        ReferralState::Declined => t_string!(i18n, mydata.referral_declined),
        ReferralState::Ended => t_string!(i18n, mydata.referral_ended),
        ReferralState::Withdrawn => t_string!(i18n, mydata.referral_withdrawn),
    }
}
