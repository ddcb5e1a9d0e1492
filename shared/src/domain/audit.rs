//! The audit log as it goes over the wire to an administrator: ids and codes, never content or names.

use serde::{Deserialize, Serialize};

use super::kind::DocKind;
use super::retention::{Next, Period, Since};
use crate::ids::{DeviceId, DocId, UserId};

/// Everything that is ever written down, by its code. What is not in here is not written, so that a page has words for
/// each.
pub const ACTIONS: [&str; 65] = [
    "sign_in",
    "sign_in_failed",
    "sign_out",
    "provider_sign_out",
    "provider_changed",
    "provider_roles",
    "password_ask",
    "password_change",
    "password_reset",
    "invitation_accept",
    "totp_set_up",
    "recovery_codes_made",
    "recovery_code_used",
    "passkey_added",
    "passkey_used",
    "passkey_removed",
    "passkey_copied",
    "second_factor_removed",
    "reset_second_factor",
    "device_add",
    "rename_device",
    "revoke_device",
    "shared_device_ended",
    "first_open",
    "register",
    "plan_intake",
    "hold_intake",
    "share_reflection",
    "withdraw_reflection",
    "avoid_coaches",
    "refer",
    "accept",
    "decline",
    "close",
    "transfer",
    "hand_over_notes",
    "request_erasure",
    "request_access",
    "withdraw_request",
    "decide_erasure",
    "answer_request",
    "carry_out_erasure",
    "conclude_access",
    "note_export",
    "set_retention",
    "destroyed",
    "trajectory_retained",
    "trajectory_destroyed",
    "backup",
    "restore",
    "user_add",
    "user_invite",
    "user_change",
    "user_manager",
    "user_link",
    "user_link_provider",
    "user_disable",
    "user_enable",
    "user_reset_password",
    "user_reset_second_factor",
    "item_voided",
    "quarantine_released",
    "audit_view",
    "audit_export",
    "demo",
];

/// Whether that is the code of something that is written down; behind a colon stands the status of what was not done,
/// or how often.
#[must_use]
pub fn is_action(action: &str) -> bool {
    let code = action.split_once(':').map_or(action, |(code, _)| code);
    ACTIONS.contains(&code)
}

/// Some rows of the log, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditEntry>,
    /// Whether there are older ones that fit: ask again for those before the last.
    pub more: bool,
    /// Where the whole log ends now.
    pub head: AuditHead,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// 1, 2, 3 …
    pub seq: u64,
    /// When, in ms since 1970.
    pub at: u64,
    /// Who; none for the operator at the command line and for what the server does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// From which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What, as a code; behind a colon the status of what was not done.
    pub action: String,
    /// To what, as an id in text; empty if to nothing in particular.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
}

/// The end of the log. Whoever has noted it elsewhere sees later whether something was cut off or written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last row; 0 where there is none.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Not a head as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits, an @ and a number")]
pub struct NoHead;

impl std::fmt::Display for AuditHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "@{}", self.seq)
    }
}

impl std::str::FromStr for AuditHead {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (digits, seq) = text.trim().split_once('@').ok_or(NoHead)?;
        if digits.len() != 64 || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(NoHead);
        }
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| NoHead)?;
        }
        Ok(Self { seq: seq.parse().map_err(|_| NoHead)?, hash })
    }
}

impl Serialize for AuditHead {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AuditHead {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an administrator sees of how long things are kept: counts, never whose they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionOverview {
    /// Every kind with a clock.
    pub kinds: Vec<RetentionKind>,
    /// The newest destructions.
    pub destroyed: Vec<Destruction>,
}

/// How long a kind is kept, and how many of it go when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionKind {
    /// The kind.
    pub kind: DocKind,
    /// What its clock counts from.
    pub since: Since,
    /// What counts now.
    pub period: Period,
    /// What will count later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// How many go in which month, in order.
    pub months: Vec<MonthCount>,
    /// How many there are whose clock does not run.
    pub kept: u64,
}

/// How many go in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthCount {
    /// As in `2027-03`.
    pub month: String,
    /// How many documents.
    pub count: u64,
}

/// What another period would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionPreview {
    /// How many would go on the day on which it begins to count.
    pub at_once: u64,
    /// That day, where it does not count at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// How many would go in which month, in order.
    pub months: Vec<MonthCount>,
}

/// The record of a destroyed document, without content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destruction {
    /// Which document it was.
    pub doc: DocId,
    /// Of which kind.
    pub kind: DocKind,
    /// When, in ms since 1970.
    pub at: u64,
    /// Why.
    pub reason: DestructionReason,
    /// By which rule, as `3_months`; empty where it was no rule.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
}

/// Why a document was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestructionReason {
    /// Its period had ended.
    Retention,
    /// Somebody decided it: a withdrawal, an erasure.
    Decision,
    /// A backup brought it back, and it had been destroyed.
    Restored,
}

impl DestructionReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Retention, Self::Decision, Self::Restored];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Decision => "decision",
            Self::Restored => "restored",
        }
    }

    /// The reason of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_nothing_else_is_one() {
        let head = AuditHead { seq: 17, hash: std::array::from_fn(|at| at as u8 * 8) };
        assert_eq!(head.to_string().parse(), Ok(head));
        let json = serde_json::to_string(&head).unwrap_or_default();
        assert_eq!(serde_json::from_str::<AuditHead>(&json).ok(), Some(head));
        for wrong in [
            "",
            "@",
            "00@1",
            &"0".repeat(64),
            &format!("{}@-1", "0".repeat(64)),
            &format!("{}@1", "é".repeat(32)),
        ] {
            assert_eq!(wrong.parse::<AuditHead>(), Err(NoHead), "{wrong:?}");
        }
    }
}
