//! The authorization matrix of commands: everybody × every command × every state. Who may decide gets what the
//! lifecycle says; to everybody else what it is about does not exist.

use serde_json::{Value, json};
use shared::domain::command::Command;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::{DeviceId, DocId, ReferralId, TrajectoryId};
use store::{Document, Referral, Trajectory};
use tests::{Person, TestApp};

/// Who somebody is in the world of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Employee,
    /// Who was asked, or accepted, as the state has it.
    Coach,
    OtherCoach,
    Adviser,
    Trainer,
    LineManager,
    Administrator,
    Stranger,
}

/// A command of every type, about that world. Without a wildcard on purpose: a new command needs a row.
fn rights(command: &Command, state: State) -> (&'static [Who], Result<(), &'static str>) {
    use Who as W;
    let asked = matches!(
        state,
        State::ReferralOffered | State::Active | State::Closing | State::Closed | State::Retained
    );
    match command {
        Command::Register {} => {
            (&[W::Employee], if state.is_open() { Err("already_registered") } else { Ok(()) })
        }
        Command::PlanIntake { .. } | Command::HoldIntake { .. } => {
            (&[W::Adviser], if state <= State::IntakePlanned { Ok(()) } else { Err("wrong_state") })
        }
        Command::ShareReflection { .. } => {
            (&[W::Employee], if state.is_open() { Ok(()) } else { Err("wrong_state") })
        }
        Command::WithdrawReflection { .. } => {
            (&[W::Employee], if state < State::IntakeHeld { Ok(()) } else { Err("intake_held") })
        }
        Command::Refer { .. } => (
            &[W::Adviser],
            match state {
                State::IntakeHeld | State::RouteChosen => Ok(()),
                _ if asked => Err("already_referred"),
                _ => Err("wrong_state"),
            },
        ),
        // In a state in which nobody was asked there is no referral, so nobody may answer it.
        Command::Accept { .. } | Command::Decline { .. } if !asked => (&[], Ok(())),
        Command::Accept { .. } | Command::Decline { .. } => {
            (&[W::Coach], if state == State::ReferralOffered { Ok(()) } else { Err("already_answered") })
        }
        Command::Close { finish, .. } => {
            let accepted = asked && state != State::ReferralOffered;
            (
                if accepted { &[W::Coach, W::Adviser] } else { &[W::Adviser] },
                if state == (if *finish { State::Closing } else { State::Active }) {
                    Ok(())
                } else {
                    Err("wrong_state")
                },
            )
        }
        Command::RevokeDevice { .. } => (&[W::Employee, W::Administrator], Ok(())),
    }
}

/// The people who are the same in every world.
struct Cast {
    others: Vec<(Who, Person)>,
    coach: Person,
    adviser: Person,
}

async fn cast(app: &TestApp) -> Cast {
    let mut others = vec![];
    for (who, role) in [
        (Who::OtherCoach, Role::InternalCoach),
        (Who::Trainer, Role::Trainer),
        (Who::LineManager, Role::LineManager),
        (Who::Administrator, Role::Administrator),
        (Who::Stranger, Role::Employee),
    ] {
        others.push((who, app.person(role).await));
    }
    Cast {
        others,
        coach: app.person(Role::InternalCoach).await,
        adviser: app.person(Role::CareerAdviser).await,
    }
}

struct World {
    trajectory: TrajectoryId,
    referral: ReferralId,
    device: DeviceId,
    employee: Person,
}

async fn world(app: &TestApp, cast: &Cast, state: State) -> World {
    let employee = app.employee().await;
    let spare = app.signed_in(employee.user).await;
    let world = World {
        trajectory: TrajectoryId(server::random::fresh()),
        referral: ReferralId(server::random::fresh()),
        device: spare.key.id(),
        employee,
    };
    let referral_state = match state {
        State::ReferralOffered => Some(ReferralState::Offered),
        State::Active | State::Closing | State::Closed | State::Retained => Some(ReferralState::Accepted),
        _ => None,
    };
    app.change(async |tx| {
        let employee = world.employee.user;
        let trajectory = Trajectory {
            id: world.trajectory,
            employee,
            state,
            registered_at: 1,
            intake_at: None,
            closed_at: None,
        };
        tx.put_trajectory(&trajectory).await.unwrap();
        if let Some(state) = referral_state {
            let (id, trajectory, coach) = (world.referral, world.trajectory, cast.coach.user);
            let referral = Referral { id, trajectory, coach, state, offered_at: 1, answered_at: None };
            tx.put_referral(&referral).await.unwrap();
        }
        if state != State::Destroyed {
            let (id, trajectory) = (DocId(server::random::fresh()), Some(world.trajectory));
            let document = Document {
                id,
                kind: DocKind::Reflection,
                owner: Some(employee),
                trajectory,
                destroyed: false,
            };
            tx.add_document(&document).await.unwrap();
            let users = tx.users().await.unwrap();
            server::commands::grants::regrant(tx, &users, id).await.unwrap();
        }
    })
    .await;
    world
}

fn commands(world: &World, cast: &Cast) -> Vec<Command> {
    let (trajectory, referral, device) = (world.trajectory, world.referral, world.device);
    vec![
        Command::Register {},
        Command::PlanIntake { trajectory, at: 5 },
        Command::HoldIntake { trajectory },
        Command::ShareReflection { trajectory },
        Command::WithdrawReflection { trajectory },
        Command::Refer { trajectory, coach: cast.coach.user },
        Command::Accept { referral },
        Command::Decline { referral },
        Command::Close { trajectory, finish: false },
        Command::Close { trajectory, finish: true },
        Command::RevokeDevice { device },
    ]
}

/// The same command about something that does not exist.
fn about_nothing(command: &Command) -> Command {
    let (trajectory, referral) = (TrajectoryId(server::random::fresh()), ReferralId(server::random::fresh()));
    match command.clone() {
        Command::Register {} => Command::Register {},
        Command::PlanIntake { at, .. } => Command::PlanIntake { trajectory, at },
        Command::HoldIntake { .. } => Command::HoldIntake { trajectory },
        Command::ShareReflection { .. } => Command::ShareReflection { trajectory },
        Command::WithdrawReflection { .. } => Command::WithdrawReflection { trajectory },
        Command::Refer { coach, .. } => Command::Refer { trajectory, coach },
        Command::Accept { .. } => Command::Accept { referral },
        Command::Decline { .. } => Command::Decline { referral },
        Command::Close { finish, .. } => Command::Close { trajectory, finish },
        Command::RevokeDevice { .. } => Command::RevokeDevice { device: DeviceId(server::random::fresh()) },
    }
}

fn as_json(command: &Command) -> Value {
    json!(command)
}

#[tokio::test]
async fn who_may_decide_decides_and_to_others_there_is_nothing_to_decide() {
    let app = TestApp::init().await;
    let cast = cast(&app).await;
    for state in State::ALL {
        let number = commands(&world(&app, &cast, state).await, &cast).len();
        for index in 0..number {
            case(&app, &cast, state, index).await;
        }
    }
}

async fn case(app: &TestApp, cast: &Cast, state: State, index: usize) {
    let mut world = world(app, cast, state).await;
    let command = commands(&world, cast).remove(index);
    let (mut deciders, expected) = rights(&command, state);
    if state == State::Destroyed && !matches!(command, Command::Register {} | Command::RevokeDevice { .. }) {
        deciders = &[];
    }
    let everybody = |world: &World| {
        let mut everybody = cast.others.clone();
        everybody.push((Who::Coach, cast.coach.clone()));
        everybody.push((Who::Adviser, cast.adviser.clone()));
        everybody.push((Who::Employee, world.employee.clone()));
        everybody
    };
    // Nobody else can register in somebody's name: there is nothing in the command to try that with.
    if !matches!(command, Command::Register {}) {
        for (who, person) in everybody(&world).into_iter().filter(|(who, _)| !deciders.contains(who)) {
            let not_there = person.command(as_json(&about_nothing(&command))).await;
            let answer = person.command(as_json(&command)).await;
            assert_eq!(answer.status, 404, "{who:?} {command:?} {state:?}");
            assert_eq!(answer.appearance(), not_there.appearance(), "{who:?} {command:?} {state:?}");
        }
    }
    for decider in deciders {
        // A decision changes the world, so the next one who may decide gets another.
        let command = commands(&world, cast).remove(index);
        let (_, person) = everybody(&world).into_iter().find(|(who, _)| who == decider).unwrap();
        let answer = person.command(as_json(&command)).await;
        let (status, code) = match expected {
            Ok(()) => (200, ""),
            Err(code) => (409, code),
        };
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{decider:?} {command:?} {state:?}"
        );
        world = self::world(app, cast, state).await;
    }
}
