//! Who is in "Gemeente Voorbeeld", and where each trajectory is. All of them are invented.

use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::reflection_form::Section;
use shared::domain::role::Role;

/// The name of the organisation.
pub const ORGANISATION: &str = "Gemeente Voorbeeld";
/// The password of everybody in the demonstration.
pub const PASSWORD: &str = "demo-loopbaanmaat";
/// The career adviser's address.
pub const ADVISER: &str = "adviseur@demo.example";

/// A person of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPerson {
    /// Her address, with which she signs in.
    pub email: &'static str,
    /// Her name.
    pub name: &'static str,
    /// The part of the organisation she works in.
    pub unit: &'static str,
    /// Her roles, ascending.
    pub roles: &'static [Role],
}

/// A trajectory of the demonstration. Days are counted back from today; below zero they are still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoTrajectory {
    /// Whose, by address.
    pub employee: &'static str,
    /// Where it is.
    pub state: TrajectoryState,
    /// When she registered.
    pub registered_days_ago: i64,
    /// When the intake was or will be.
    pub intake_days_ago: Option<i64>,
    /// When it was closed.
    pub closed_days_ago: Option<i64>,
    /// Who was asked, oldest first.
    pub referrals: Vec<DemoReferral>,
    /// The sections of the reflection form that she shares.
    pub shared: Vec<Section>,
}

/// A proposal to a coach in the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoReferral {
    /// Who was asked, by address.
    pub coach: &'static str,
    /// What became of it.
    pub state: ReferralState,
    /// When she was asked.
    pub offered_days_ago: i64,
    /// When she answered.
    pub answered_days_ago: Option<i64>,
}

impl DemoTrajectory {
    /// The coach who accepted, by address; none if nothing is left of the trajectory.
    #[must_use]
    pub fn coach(&self) -> Option<&'static str> {
        if self.state == TrajectoryState::Destroyed {
            return None;
        }
        self.referrals.iter().find(|referral| referral.state == ReferralState::Accepted).map(|it| it.coach)
    }
}

const EMPLOYEE: &[Role] = &[Role::Employee];
const COACH: &[Role] = &[Role::Employee, Role::InternalCoach];

const PEOPLE: [DemoPerson; 21] = [
    DemoPerson {
        email: ADVISER,
        name: "Marijke de Wolf",
        unit: "Personeel en Organisatie",
        roles: &[Role::Employee, Role::CareerAdviser],
    },
    DemoPerson {
        email: "coach1@demo.example",
        name: "Fatima El Amrani",
        unit: "Ruimte en Wonen",
        roles: COACH,
    },
    DemoPerson { email: "coach2@demo.example", name: "Jeroen Hoekstra", unit: "Publiekszaken", roles: COACH },
    DemoPerson {
        email: "coach3@demo.example",
        name: "Ingrid van Dalen",
        unit: "Sociaal Domein",
        roles: COACH,
    },
    DemoPerson { email: "coach4@demo.example", name: "Rachid Bouzid", unit: "Openbare Werken", roles: COACH },
    DemoPerson { email: "coach5@demo.example", name: "Annelies Peeters", unit: "Financiën", roles: COACH },
    DemoPerson {
        email: "coach6@demo.example",
        name: "Tom Verhagen",
        unit: "Informatievoorziening",
        roles: COACH,
    },
    DemoPerson {
        email: "medewerker1@demo.example",
        name: "Sanne Bakker",
        unit: "Publiekszaken",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker2@demo.example",
        name: "Mehmet Yildirim",
        unit: "Openbare Werken",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker3@demo.example",
        name: "Lotte Vermeulen",
        unit: "Sociaal Domein",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker4@demo.example", name: "Kees Jonker", unit: "Financiën", roles: EMPLOYEE
    },
    DemoPerson {
        email: "medewerker5@demo.example",
        name: "Priya Ramdin",
        unit: "Informatievoorziening",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker6@demo.example",
        name: "Wouter Smeets",
        unit: "Ruimte en Wonen",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker7@demo.example",
        name: "Hanneke Postma",
        unit: "Bestuur en Communicatie",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker8@demo.example",
        name: "David Okafor",
        unit: "Openbare Werken",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker9@demo.example",
        name: "Elif Aydın",
        unit: "Sociaal Domein",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker10@demo.example",
        name: "Bram Kuipers",
        unit: "Vergunningen en Toezicht",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker11@demo.example",
        name: "Yvonne Claessen",
        unit: "Publiekszaken",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "medewerker12@demo.example",
        name: "Noah Lindeman",
        unit: "Financiën",
        roles: EMPLOYEE,
    },
    DemoPerson {
        email: "trainer@demo.example",
        name: "Gerda Molenaar",
        unit: "Leren en Ontwikkelen",
        roles: &[Role::Employee, Role::Trainer],
    },
    DemoPerson {
        email: "beheer@demo.example",
        name: "Patrick Vos",
        unit: "Functioneel beheer",
        roles: &[Role::Employee, Role::Administrator],
    },
];

/// Who manages whom, by address: the employee first.
pub const MANAGERS: [(&str, &str); 3] = [
    ("medewerker3@demo.example", "coach4@demo.example"),
    ("medewerker4@demo.example", "coach3@demo.example"),
    ("medewerker5@demo.example", "coach6@demo.example"),
];

/// Whom an employee would rather not have as her coach, by address: the employee first.
pub const AVOIDED: [(&str, &str); 1] = [("medewerker4@demo.example", "coach2@demo.example")];

/// Everybody.
#[must_use]
pub fn people() -> Vec<DemoPerson> {
    PEOPLE.to_vec()
}

/// The person of that address.
#[must_use]
pub fn person(email: &str) -> Option<&'static DemoPerson> {
    PEOPLE.iter().find(|person| person.email == email)
}

fn accepted(coach: &'static str, offered: i64, answered: i64) -> DemoReferral {
    DemoReferral {
        coach,
        state: ReferralState::Accepted,
        offered_days_ago: offered,
        answered_days_ago: Some(answered),
    }
}

/// Every trajectory; one per employee.
#[must_use]
pub fn trajectories() -> &'static [DemoTrajectory] {
    use Section as S;
    use TrajectoryState as T;
    static ALL: std::sync::OnceLock<Vec<DemoTrajectory>> = std::sync::OnceLock::new();
    let plain = |employee, state, registered_days_ago| DemoTrajectory {
        employee,
        state,
        registered_days_ago,
        intake_days_ago: None,
        closed_days_ago: None,
        referrals: Vec::new(),
        shared: Vec::new(),
    };
    ALL.get_or_init(|| {
        vec![
            DemoTrajectory {
                intake_days_ago: Some(47),
                referrals: vec![accepted("coach1@demo.example", 44, 42)],
                shared: vec![S::A, S::B, S::C, S::D, S::F, S::H],
                ..plain("medewerker1@demo.example", T::Active, 61)
            },
            plain("medewerker2@demo.example", T::Registered, 3),
            DemoTrajectory {
                intake_days_ago: Some(-1),
                shared: vec![S::A, S::B, S::H],
                ..plain("medewerker3@demo.example", T::IntakePlanned, 12)
            },
            DemoTrajectory {
                intake_days_ago: Some(1),
                shared: vec![S::A, S::B, S::D, S::H],
                ..plain("medewerker4@demo.example", T::IntakeHeld, 16)
            },
            DemoTrajectory {
                intake_days_ago: Some(20),
                referrals: vec![DemoReferral {
                    coach: "coach5@demo.example",
                    state: ReferralState::Declined,
                    offered_days_ago: 13,
                    answered_days_ago: Some(6),
                }],
                shared: vec![S::A, S::B, S::F, S::H],
                ..plain("medewerker5@demo.example", T::RouteChosen, 33)
            },
            DemoTrajectory {
                intake_days_ago: Some(9),
                referrals: vec![DemoReferral {
                    coach: "coach2@demo.example",
                    state: ReferralState::Offered,
                    offered_days_ago: 5,
                    answered_days_ago: None,
                }],
                shared: vec![S::A, S::C, S::E, S::H],
                ..plain("medewerker6@demo.example", T::ReferralOffered, 21)
            },
            DemoTrajectory {
                intake_days_ago: Some(88),
                referrals: vec![accepted("coach1@demo.example", 84, 83)],
                shared: vec![S::A, S::B, S::D, S::F, S::H],
                ..plain("medewerker7@demo.example", T::Active, 104)
            },
            DemoTrajectory {
                intake_days_ago: Some(118),
                referrals: vec![
                    DemoReferral {
                        coach: "coach6@demo.example",
                        state: ReferralState::Declined,
                        offered_days_ago: 115,
                        answered_days_ago: Some(112),
                    },
                    accepted("coach3@demo.example", 111, 108),
                ],
                shared: vec![S::A, S::B, S::H],
                ..plain("medewerker8@demo.example", T::Active, 131)
            },
            DemoTrajectory {
                intake_days_ago: Some(190),
                referrals: vec![accepted("coach4@demo.example", 186, 184)],
                shared: vec![S::A, S::B, S::C, S::D, S::F, S::H],
                ..plain("medewerker9@demo.example", T::Closing, 205)
            },
            DemoTrajectory {
                intake_days_ago: Some(270),
                closed_days_ago: Some(24),
                referrals: vec![accepted("coach2@demo.example", 266, 263)],
                shared: vec![S::A, S::B, S::D, S::H],
                ..plain("medewerker10@demo.example", T::Closed, 288)
            },
            DemoTrajectory {
                intake_days_ago: Some(460),
                closed_days_ago: Some(210),
                referrals: vec![accepted("coach6@demo.example", 455, 452)],
                shared: vec![S::A, S::B],
                ..plain("medewerker11@demo.example", T::Retained, 480)
            },
            DemoTrajectory {
                intake_days_ago: Some(900),
                closed_days_ago: Some(640),
                referrals: vec![accepted("coach3@demo.example", 895, 890)],
                ..plain("medewerker12@demo.example", T::Destroyed, 920)
            },
        ]
    })
}

/// The trajectory of the employee of that address.
#[must_use]
pub fn trajectory(employee: &str) -> Option<&'static DemoTrajectory> {
    trajectories().iter().find(|trajectory| trajectory.employee == employee)
}
