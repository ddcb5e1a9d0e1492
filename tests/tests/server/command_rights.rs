//! The authorization matrix of commands: everybody × every command × every state. Who may decide gets what the
//! lifecycle says; to everybody else what it is about does not exist.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use shared::domain::command::Command;
use shared::domain::erasure::Decision;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::request::{self, Reason, RequestKind, RequestState, Scope};
use shared::domain::retention::Period;
use shared::domain::role::Role;
use shared::ids::{CommandId, DeviceId, DocId, ReferralId, RequestId, TrajectoryId, UserId};
use store::{Document, Referral, Request, RequestStep, Trajectory, WriteTx};
use tests::{Answer, Person, TestApp};

/// Who somebody is in the world of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Employee,
    /// Who was asked, or accepted, as the state has it.
    Coach,
    /// Who was asked to take over, or did.
    Successor,
    /// Who said no.
    DeclinedCoach,
    /// Of whom the employee would rather not that she had been asked.
    WithdrawnCoach,
    OtherCoach,
    Adviser,
    /// An adviser who is the employee's own manager.
    ManagingAdviser,
    Trainer,
    LineManager,
    Administrator,
    Stranger,
}

/// Whether there is a successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Succession {
    None,
    Asked,
    Done,
}

/// What is the case in a world.
#[derive(Debug, Clone, Copy)]
struct Scene {
    state: State,
    succession: Succession,
    /// Whether the employee is a career adviser, which must not matter.
    is_adviser: bool,
}

impl Scene {
    fn all() -> Vec<Self> {
        let plain = State::ALL.map(|state| (state, Succession::None));
        let succeeding = [State::Active, State::Closing]
            .into_iter()
            .flat_map(|state| [(state, Succession::Asked), (state, Succession::Done)]);
        let scenes = plain.into_iter().chain(succeeding);
        scenes
            .flat_map(|(state, succession)| {
                [false, true].map(|is_adviser| Self { state, succession, is_adviser })
            })
            .collect()
    }

    fn is_coached(self) -> bool {
        matches!(self.state, State::Active | State::Closing | State::Closed | State::Retained)
    }
}

/// A command about the world of a case.
#[derive(Debug, Clone)]
enum About {
    /// Of any type; `accept` and `decline` about the referral to [`Who::Coach`].
    Any(Command),
    /// `accept` or `decline` about the referral to [`Who::Successor`].
    Succession(Command),
    /// The same about the one to [`Who::WithdrawnCoach`].
    Withdrawn(Command),
    /// A step of the request to see what is kept.
    Access(Command),
}

impl About {
    fn command(&self) -> &Command {
        let (Self::Any(command)
        | Self::Succession(command)
        | Self::Withdrawn(command)
        | Self::Access(command)) = self;
        command
    }
}

/// Who may give it, and what becomes of it. Without a wildcard on purpose: a new command needs a row.
fn rights(about: &About, scene: Scene) -> (&'static [Who], Result<(), &'static str>) {
    use Who as W;
    let Scene { state, succession, .. } = scene;
    let coached = scene.is_coached();
    let asked = coached || state == State::ReferralOffered;
    let when = |it, code| if it { Ok(()) } else { Err(code) };
    match about.command() {
        Command::Register {} => (&[W::Employee], when(!state.is_open(), "already_registered")),
        // Of what is destroyed there is nothing to decide.
        Command::PlanIntake { .. }
        | Command::HoldIntake { .. }
        | Command::ShareReflection { .. }
        | Command::WithdrawReflection { .. }
        | Command::Refer { .. }
        | Command::Transfer { .. }
        | Command::AvoidCoaches { .. }
        | Command::HandOverNotes { .. }
        | Command::Accept { .. }
        | Command::Decline { .. }
        | Command::Close { .. }
        | Command::RequestErasure { scope: Scope::Trajectory { .. } }
            if state == State::Destroyed =>
        {
            (&[], Ok(()))
        }
        Command::PlanIntake { .. } | Command::HoldIntake { .. } => {
            (&[W::Adviser], when(state <= State::IntakePlanned, "wrong_state"))
        }
        Command::ShareReflection { .. } => (&[W::Employee], when(state.is_open(), "wrong_state")),
        Command::WithdrawReflection { .. } => {
            (&[W::Employee], when(state < State::IntakeHeld, "intake_held"))
        }
        Command::Refer { .. } => {
            let may = matches!(state, State::IntakeHeld | State::RouteChosen);
            (&[W::Adviser], when(may, if asked { "already_referred" } else { "wrong_state" }))
        }
        Command::Transfer { .. } => {
            let may = matches!(state, State::Active | State::Closing);
            let code = if may { "already_referred" } else { "wrong_state" };
            (&[W::Adviser], when(may && succession != Succession::Asked, code))
        }
        Command::AvoidCoaches { .. } => (
            &[W::Employee],
            if !state.is_open() {
                Err("wrong_state")
            } else {
                when(!coached || succession == Succession::Asked, "has_a_coach")
            },
        ),
        Command::HandOverNotes { .. } => (
            &[W::Employee],
            if !state.is_open() || !coached {
                Err("wrong_state")
            } else {
                when(succession == Succession::Done, "nothing_to_hand_over")
            },
        ),
        Command::Accept { .. } | Command::Decline { .. } => match about {
            // Where nobody was asked there is no referral, and one that was taken back is nobody's any more.
            About::Any(_) if asked => {
                (&[W::Coach], when(state == State::ReferralOffered, "already_answered"))
            }
            About::Succession(_) if succession != Succession::None => {
                (&[W::Successor], when(succession == Succession::Asked, "already_answered"))
            }
            _ => (&[], Ok(())),
        },
        Command::Close { finish, .. } => (
            match succession {
                Succession::Done => &[W::Successor, W::Adviser],
                _ if coached => &[W::Coach, W::Adviser],
                _ => &[W::Adviser],
            },
            when(state == (if *finish { State::Closing } else { State::Active }), "wrong_state"),
        ),
        Command::RevokeDevice { .. } => (&[W::Employee, W::Administrator], Ok(())),
        Command::RenameDevice { .. } | Command::RequestErasure { .. } | Command::RequestAccess {} => {
            (&[W::Employee], Ok(()))
        }
        Command::ResetSecondFactor { .. } | Command::SetRetention { .. } => (&[W::Administrator], Ok(())),
        Command::NoteExport { .. } => (&[W::Employee, W::Stranger, W::Administrator, W::Coach], Ok(())),
        // What is to be seen is not gone with one trajectory; of one to be erased nothing is left to decide then.
        Command::WithdrawRequest { .. } => match about {
            About::Access(_) => (&[W::Employee], Ok(())),
            _ => (&[W::Employee], lapsed(state)),
        },
        Command::DecideErasure { decision: Decision::Agree { ends_running: false }, .. }
            if state.is_open() =>
        {
            (&[W::Adviser], Err("still_running"))
        }
        Command::DecideErasure { .. } => (&[W::Adviser], lapsed(state)),
        Command::AnswerRequest { role: Role::InternalCoach, .. } => (&[W::Coach], lapsed(state)),
        Command::AnswerRequest { .. } => (&[W::Adviser], Ok(())),
        Command::CarryOutErasure { .. } => (&[W::Administrator], lapsed(state)),
        Command::ConcludeAccess { .. } => (&[W::Adviser, W::Administrator], Ok(())),
    }
}

fn lapsed(state: State) -> Result<(), &'static str> {
    if state == State::Destroyed { Err("already_decided") } else { Ok(()) }
}

/// Whether a command names nothing that could be somebody else's: for each person it is about herself, or about nobody.
fn names_nothing(command: &Command) -> bool {
    matches!(
        command,
        Command::Register {}
            | Command::NoteExport { .. }
            | Command::SetRetention { .. }
            | Command::RequestAccess {}
            | Command::RequestErasure { scope: Scope::Drafts {} | Scope::Account {} }
    )
}

/// Whether a command is a step of a request that was made before.
fn is_about_request(command: &Command) -> bool {
    matches!(
        command,
        Command::WithdrawRequest { .. }
            | Command::DecideErasure { .. }
            | Command::AnswerRequest { .. }
            | Command::CarryOutErasure { .. }
            | Command::ConcludeAccess { .. }
    )
}

/// Whether somebody who has that role is told that it is her own: a step that she would take, but for that.
fn is_own_step(command: &Command, who: Who, scene: Scene) -> bool {
    who == Who::Employee
        && scene.is_adviser
        && matches!(
            command,
            Command::DecideErasure { .. }
                | Command::ConcludeAccess { .. }
                | Command::AnswerRequest { role: Role::CareerAdviser, .. }
        )
}

/// The people, who are the same in every world.
struct Cast {
    others: Vec<(Who, Person)>,
    /// Two employees: the second is a career adviser.
    employees: [Person; 2],
}

impl Cast {
    async fn of(app: &TestApp) -> Self {
        let mut others = vec![];
        for (who, role) in [
            (Who::Coach, Role::InternalCoach),
            (Who::Successor, Role::InternalCoach),
            (Who::DeclinedCoach, Role::InternalCoach),
            (Who::WithdrawnCoach, Role::InternalCoach),
            (Who::OtherCoach, Role::InternalCoach),
            (Who::Adviser, Role::CareerAdviser),
            (Who::ManagingAdviser, Role::CareerAdviser),
            (Who::Trainer, Role::Trainer),
            (Who::LineManager, Role::LineManager),
            (Who::Administrator, Role::Administrator),
            (Who::Stranger, Role::Employee),
        ] {
            others.push((who, app.person(role).await));
        }
        let employees = [app.employee().await, app.person(Role::CareerAdviser).await];
        let manager = others.iter().find(|it| it.0 == Who::ManagingAdviser).map(|it| it.1.user);
        for employee in &employees {
            app.change(async |tx| tx.set_manager(employee.user, manager).await.unwrap()).await;
        }
        Self { others, employees }
    }

    fn is(&self, who: Who) -> &Person {
        &self.others.iter().find(|it| it.0 == who).unwrap().1
    }
}

struct World {
    trajectory: TrajectoryId,
    referral: ReferralId,
    succession: ReferralId,
    withdrawn: ReferralId,
    device: DeviceId,
    employee: Person,
    /// A request to erase the trajectory, another one that the adviser has agreed to, and one to see what is kept.
    erasure: RequestId,
    agreed: RequestId,
    access: RequestId,
}

async fn world(app: &TestApp, cast: &Cast, scene: Scene, asks: bool) -> World {
    let employee = cast.employees[usize::from(scene.is_adviser)].clone();
    let spare = app.signed_in(employee.user).await;
    let world = World {
        trajectory: TrajectoryId(server::random::fresh()),
        referral: ReferralId(server::random::fresh()),
        succession: ReferralId(server::random::fresh()),
        withdrawn: ReferralId(server::random::fresh()),
        device: spare.key.id(),
        employee,
        erasure: RequestId(server::random::fresh()),
        agreed: RequestId(server::random::fresh()),
        access: RequestId(server::random::fresh()),
    };
    app.change(async |tx| {
        fill(tx, cast, scene, &world).await;
        if asks {
            ask(tx, cast, &world).await;
        }
    })
    .await;
    world
}

/// Ends a world, so that the next one of the same people is like the first.
async fn end(app: &TestApp, world: &World) {
    app.change(async |tx| {
        let all = tx.trajectories_of(world.employee.user).await.unwrap();
        for trajectory in all.into_iter().filter(|it| it.state != State::Destroyed) {
            for document in tx.documents_of_trajectory(trajectory.id).await.unwrap() {
                tx.destroy_document(document.id, 9).await.unwrap();
            }
            tx.put_trajectory(&Trajectory { state: State::Destroyed, ..trajectory }).await.unwrap();
        }
        for request in tx.requests_of(world.employee.user).await.unwrap() {
            tx.put_request(&Request { state: RequestState::Withdrawn, ..request }).await.unwrap();
        }
    })
    .await;
}

async fn fill(tx: &mut dyn WriteTx, cast: &Cast, scene: Scene, world: &World) {
    use ReferralState as R;
    let (id, employee, state) = (world.trajectory, world.employee.user, scene.state);
    tx.put_trajectory(&Trajectory {
        id,
        employee,
        state,
        registered_at: 1,
        intake_at: None,
        closed_at: None,
    })
    .await
    .unwrap();
    let coach = match (scene.succession, state) {
        (Succession::Done, _) => Some(R::Ended),
        (_, State::ReferralOffered) => Some(R::Offered),
        _ => scene.is_coached().then_some(R::Accepted),
    };
    let successor = match scene.succession {
        Succession::None => None,
        Succession::Asked => Some(R::Offered),
        Succession::Done => Some(R::Accepted),
    };
    for (referral, who, state) in [
        (ReferralId(server::random::fresh()), Who::DeclinedCoach, Some(R::Declined)),
        (world.withdrawn, Who::WithdrawnCoach, Some(R::Withdrawn)),
        (world.referral, Who::Coach, coach),
        (world.succession, Who::Successor, successor),
    ] {
        if let Some(state) = state {
            let (coach, trajectory) = (cast.is(who).user, world.trajectory);
            let referral =
                Referral { id: referral, trajectory, coach, state, offered_at: 1, answered_at: None };
            tx.put_referral(&referral).await.unwrap();
        }
    }
    if state == State::Destroyed {
        return;
    }
    let users = tx.users().await.unwrap();
    let kept: &[Who] = match scene.succession {
        Succession::Done => &[Who::Coach, Who::Successor],
        _ if scene.is_coached() => &[Who::Coach],
        _ => &[],
    };
    let notes = kept.iter().map(|who| (DocKind::SharedNotes, Some(*who)));
    for (kind, with) in [(DocKind::Reflection, None)].into_iter().chain(notes) {
        let (id, trajectory) = (DocId(server::random::fresh()), Some(world.trajectory));
        let document = Document { id, kind, owner: Some(employee), trajectory, destroyed: false };
        tx.add_document(&document).await.unwrap();
        if let Some(with) = with {
            tx.keep_with(id, cast.is(with).user).await.unwrap();
        }
        server::commands::grants::regrant(tx, &users, id).await.unwrap();
    }
}

/// Adds the requests of a world, in which everybody who was asked has answered.
async fn ask(tx: &mut dyn WriteTx, cast: &Cast, world: &World) {
    use RequestState as S;
    let scope = Some(Scope::Trajectory { trajectory: world.trajectory });
    let request = |id, kind, scope, state| Request {
        id,
        kind,
        person: world.employee.user,
        scope,
        state,
        made_at: 1,
        due_at: 2,
        reason: None,
        decided: None,
        done: None,
        erased: BTreeMap::new(),
    };
    for made in [
        request(world.erasure, RequestKind::Erasure, scope, S::Requested),
        request(world.agreed, RequestKind::Erasure, scope, S::Agreed),
        request(world.access, RequestKind::Access, None, S::Requested),
    ] {
        tx.put_request(&made).await.unwrap();
    }
    let (coach, adviser) = (cast.is(Who::Coach).user, cast.is(Who::Adviser).user);
    for (id, role, user, by) in [
        (world.agreed, Role::InternalCoach, Some(coach), coach),
        (world.access, Role::CareerAdviser, None, adviser),
    ] {
        let answered = Some((request::Answer::Yes {}, by, 1));
        tx.put_request_step(id, &RequestStep { role, user, answered }).await.unwrap();
    }
}

fn commands(world: &World, cast: &Cast) -> Vec<About> {
    let (trajectory, referral, device) = (world.trajectory, world.referral, world.device);
    let (succession, withdrawn) = (world.succession, world.withdrawn);
    let coach = cast.is(Who::OtherCoach).user;
    let mut commands = [
        Command::Register {},
        Command::PlanIntake { trajectory, at: 5 },
        Command::HoldIntake { trajectory },
        Command::ShareReflection { trajectory },
        Command::WithdrawReflection { trajectory },
        Command::Refer { trajectory, coach },
        Command::Accept { referral },
        Command::Decline { referral },
        Command::Close { trajectory, finish: false },
        Command::Close { trajectory, finish: true },
        Command::Transfer { trajectory, coach },
        Command::AvoidCoaches { trajectory, coaches: vec![coach] },
        Command::HandOverNotes { trajectory },
        Command::RevokeDevice { device },
        Command::RenameDevice { device, name: "Werktablet".to_owned().try_into().unwrap() },
        Command::ResetSecondFactor { user: world.employee.user },
        Command::SetRetention { kind: DocKind::Intake, period: Period::months(24) },
        Command::NoteExport { what: "my_data".to_owned().try_into().unwrap() },
        Command::RequestErasure { scope: Scope::Drafts {} },
        Command::RequestErasure { scope: Scope::Trajectory { trajectory } },
        Command::RequestErasure { scope: Scope::Account {} },
        Command::RequestAccess {},
        Command::WithdrawRequest { request: world.erasure },
        Command::DecideErasure { request: world.erasure, decision: Decision::Agree { ends_running: false } },
        Command::DecideErasure { request: world.erasure, decision: Decision::Agree { ends_running: true } },
        Command::DecideErasure {
            request: world.erasure,
            decision: Decision::Decline { reason: Reason::LegalDuty },
        },
        Command::AnswerRequest {
            request: world.agreed,
            role: Role::InternalCoach,
            answer: request::Answer::No { reason: Reason::LegalDuty },
        },
        Command::CarryOutErasure { request: world.agreed },
    ]
    .map(About::Any)
    .to_vec();
    commands.push(About::Succession(Command::Accept { referral: succession }));
    commands.push(About::Succession(Command::Decline { referral: succession }));
    commands.push(About::Withdrawn(Command::Accept { referral: withdrawn }));
    commands.push(About::Withdrawn(Command::Decline { referral: withdrawn }));
    let (request, role) = (world.access, Role::CareerAdviser);
    commands.push(About::Access(Command::WithdrawRequest { request }));
    let answer = request::Answer::Yes {};
    commands.push(About::Access(Command::AnswerRequest { request, role, answer }));
    commands.push(About::Access(Command::ConcludeAccess { request }));
    commands
}

/// The same command about something else: `id` is of no trajectory, referral, device, person or request.
fn about(command: &Command, id: [u8; 16]) -> Command {
    let (trajectory, referral, request) = (TrajectoryId(id), ReferralId(id), RequestId(id));
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
        Command::Transfer { coach, .. } => Command::Transfer { trajectory, coach },
        Command::AvoidCoaches { coaches, .. } => Command::AvoidCoaches { trajectory, coaches },
        Command::HandOverNotes { .. } => Command::HandOverNotes { trajectory },
        Command::RevokeDevice { .. } => Command::RevokeDevice { device: DeviceId(id) },
        Command::RenameDevice { name, .. } => Command::RenameDevice { device: DeviceId(id), name },
        Command::ResetSecondFactor { .. } => Command::ResetSecondFactor { user: UserId(id) },
        Command::RequestErasure { scope: Scope::Trajectory { .. } } => {
            Command::RequestErasure { scope: Scope::Trajectory { trajectory } }
        }
        Command::WithdrawRequest { .. } => Command::WithdrawRequest { request },
        Command::DecideErasure { decision, .. } => Command::DecideErasure { request, decision },
        Command::AnswerRequest { role, answer, .. } => Command::AnswerRequest { request, role, answer },
        Command::CarryOutErasure { .. } => Command::CarryOutErasure { request },
        Command::ConcludeAccess { .. } => Command::ConcludeAccess { request },
        own @ (Command::SetRetention { .. }
        | Command::NoteExport { .. }
        | Command::RequestErasure { .. }
        | Command::RequestAccess {}) => own,
    }
}

/// Parts of the matrix, so that it is worked through by several at once.
const PARTS: usize = 4;
/// Fewer than this in a part, and something of the matrix has fallen out.
const CASES: usize = 2_500;

#[tokio::test]
async fn who_may_decide_decides_and_to_others_there_is_nothing_to_decide_1() {
    part(0).await;
}

#[tokio::test]
async fn who_may_decide_decides_and_to_others_there_is_nothing_to_decide_2() {
    part(1).await;
}

#[tokio::test]
async fn who_may_decide_decides_and_to_others_there_is_nothing_to_decide_3() {
    part(2).await;
}

#[tokio::test]
async fn who_may_decide_decides_and_to_others_there_is_nothing_to_decide_4() {
    part(3).await;
}

/// Every fourth scene.
async fn part(number: usize) {
    let app = TestApp::init().await;
    let cast = Cast::of(&app).await;
    let mut count = 0;
    let mut not_there = NotThere::default();
    for scene in Scene::all().into_iter().skip(number).step_by(PARTS) {
        // Who is told that there is nothing has changed nothing, so one world does for all of them.
        let world = world(&app, &cast, scene, true).await;
        let commands = commands(&world, &cast);
        let mut ways = vec![];
        for (index, command) in commands.iter().enumerate() {
            count += refused(&cast, scene, &world, (index, command), &mut not_there).await;
            ways.push((index, is_about_request(command.command())));
        }
        end(&app, &world).await;
        for (index, asks) in ways {
            count += decided(&app, &cast, scene, index, asks).await;
        }
    }
    assert!(count >= CASES, "{count} cases");
}

fn everybody(cast: &Cast, world: &World) -> Vec<(Who, Person)> {
    let mut everybody = cast.others.clone();
    everybody.push((Who::Employee, world.employee.clone()));
    everybody
}

/// What each person was told of each command about nothing: where nothing is, it is the same in every world.
type NotThere = HashMap<(UserId, usize), Answer>;

async fn refused(
    cast: &Cast,
    scene: Scene,
    world: &World,
    (index, about_it): (usize, &About),
    not_there: &mut NotThere,
) -> usize {
    let command = about_it.command();
    // Nobody else can register in somebody's name: there is nothing in the command to try that with.
    let is_for_administrators = matches!(command, Command::SetRetention { .. });
    if names_nothing(command) && !is_for_administrators {
        return 0;
    }
    let (deciders, _) = rights(about_it, scene);
    let mut count = 0;
    for (who, person) in everybody(cast, world).into_iter().filter(|(who, _)| !deciders.contains(who)) {
        let not_there = match not_there.entry((person.user, index)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let nothing = about(command, server::random::fresh());
                new.insert(person.command(json!(nothing)).await)
            }
        };
        let answer = person.command(json!(command)).await;
        if is_own_step(command, who, scene) {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (409, "own_request"),
                "{about_it:?} {scene:?}"
            );
            continue;
        }
        assert_eq!(answer.status, 404, "{who:?} {about_it:?} {scene:?}: {}", answer.text());
        assert_eq!(answer.appearance(), not_there.appearance(), "{who:?} {about_it:?} {scene:?}");
        count += 1;
    }
    count
}

async fn decided(app: &TestApp, cast: &Cast, scene: Scene, index: usize, asks: bool) -> usize {
    let mut count = 0;
    loop {
        // A decision changes the world, so the next one who may decide gets another.
        let world = world(app, cast, scene, asks).await;
        let command = commands(&world, cast).remove(index);
        let (deciders, expected) = rights(&command, scene);
        let Some(who) = deciders.get(count) else {
            end(app, &world).await;
            return count;
        };
        let (_, person) = everybody(cast, &world).into_iter().find(|it| it.0 == *who).unwrap();
        let answer = person.command(json!(command.command())).await;
        let (status, code) = match expected {
            Ok(()) => (200, ""),
            Err(code) => (409, code),
        };
        let found = (answer.status, answer.code());
        assert_eq!(found, (status, code.to_owned()), "{who:?} {command:?} {scene:?}");
        end(app, &world).await;
        count += 1;
    }
}

/// Gives a command that is no command of the type.
async fn raw(person: &Person, command: &Value) -> Answer {
    let id = CommandId(server::random::fresh());
    person.post("/api/commands", &json!({ "id": id, "command": command })).await
}

/// What is named and is of another kind is not there; what is no id at all is told so to everybody alike.
#[tokio::test]
async fn an_id_of_another_kind_is_not_there_and_what_is_no_id_is_refused_alike() {
    let app = TestApp::init().await;
    let cast = Cast::of(&app).await;
    let scene = Scene { state: State::Active, succession: Succession::Asked, is_adviser: false };
    let world = world(&app, &cast, scene, true).await;
    let mine = world.employee.directory().await;
    let document: DocId = mine["documents"][0]["id"].as_str().unwrap().parse().unwrap();
    let mut count = 0;
    for about_it in commands(&world, &cast) {
        let command = about_it.command();
        let fields = json!(command);
        let names: Vec<_> = fields.as_object().unwrap().keys().filter(|name| *name != "type").collect();
        let mut looks = vec![];
        // One of each sort is enough here: what they may decide is above.
        let sorts = [Who::Employee, Who::Coach, Who::Adviser, Who::Administrator, Who::Stranger];
        for (who, person) in everybody(&cast, &world).into_iter().filter(|it| sorts.contains(&it.0)) {
            if !names_nothing(command) {
                let not_there = person.command(json!(about(command, server::random::fresh()))).await;
                assert_eq!(not_there.status, 404, "{who:?} {command:?}");
                let others =
                    [document.0, person.user.0, world.employee.user.0, world.device.0, world.trajectory.0];
                let own = |id: &[u8; 16]| about(command, *id) != *command;
                for id in others.into_iter().filter(own) {
                    // The trajectory's own id names no referral and no device, and the other way round.
                    if id == world.trajectory.0 && fields.get("trajectory").is_some()
                        || id == world.device.0 && fields.get("device").is_some()
                        || fields.get("user").is_some()
                            && [person.user.0, world.employee.user.0].contains(&id)
                    {
                        continue;
                    }
                    let answer = person.command(json!(about(command, id))).await;
                    assert_eq!(answer.appearance(), not_there.appearance(), "{who:?} {command:?}");
                    count += 1;
                }
            }
            for name in &names {
                for wrong in
                    [json!("AAAA"), json!(""), json!(null), json!(7), json!(["AAAA"]), json!("../..")]
                {
                    // A number is a moment, and nothing else takes one.
                    // So a device can have any name, and a copy any code.
                    let is_text = matches!(name.as_str(), "name" | "what") && wrong.is_string();
                    if *name == "at" && wrong.is_number() || is_text {
                        continue;
                    }
                    let mut broken = fields.clone();
                    broken[name.as_str()] = wrong;
                    let answer = raw(&person, &broken).await;
                    assert_eq!((answer.status, answer.code().as_str()), (422, "bad_command"), "{broken}");
                    looks.push(answer.appearance());
                    count += 1;
                }
            }
        }
        assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{command:?}");
    }
    assert!(count >= 800, "{count} cases");
}
