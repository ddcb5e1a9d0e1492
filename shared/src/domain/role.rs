//! What a person does in career guidance. One person can hold several roles; everybody is an employee.

use serde::{Deserialize, Serialize};

/// A role, as in the product's table of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// medewerker
    Employee,
    /// loopbaanadviseur
    CareerAdviser,
    /// interne coach
    InternalCoach,
    /// trainer
    Trainer,
    /// leidinggevende
    LineManager,
    /// beheerder
    Administrator,
}

impl Role {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Employee,
        Self::CareerAdviser,
        Self::InternalCoach,
        Self::Trainer,
        Self::LineManager,
        Self::Administrator,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::CareerAdviser => "career_adviser",
            Self::InternalCoach => "internal_coach",
            Self::Trainer => "trainer",
            Self::LineManager => "line_manager",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}
