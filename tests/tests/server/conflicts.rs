//! Conflicts of interest: who cannot coach or advise whom, and who is told why.

use serde_json::json;
use server::commands::accounts;
use shared::domain::role::Role;
use store::User;
use tests::{Person, TestApp};

use crate::way::{Way, answer, refused, told};

async fn people(app: &TestApp) -> (Person, Person, Person) {
    (app.employee().await, app.person(Role::CareerAdviser).await, app.person(Role::InternalCoach).await)
}

async fn manages(app: &TestApp, manager: &Person, employee: &Person) {
    app.change(async |tx| {
        tx.set_manager(employee.user, Some(manager.user)).await.unwrap();
        accounts::regrant_all(tx).await.unwrap();
    })
    .await;
}

async fn work_in(app: &TestApp, unit: &str, people: &[&Person]) {
    app.change(async |tx| {
        for person in people {
            let user = tx.user(person.user).await.unwrap().unwrap();
            tx.put_user(&User { unit: unit.into(), ..user }).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_own_manager_an_own_unit_and_a_rather_not_cannot_be_referred_to() {
    let app = TestApp::init().await;
    let (anna, adviser, free) = people(&app).await;
    let (manager, near, avoided) = (
        app.person(Role::InternalCoach).await,
        app.person(Role::InternalCoach).await,
        app.person(Role::InternalCoach).await,
    );
    let herself = app.person(Role::InternalCoach).await;
    manages(&app, &manager, &anna).await;
    work_in(&app, "Burgerzaken", &[&anna, &near]).await;
    let way = Way::to_intake(&anna, &adviser).await;
    assert_eq!(way.avoid(&[&avoided]).await.status, 200);
    for (coach, code) in
        [(&manager, "own_manager"), (&near, "own_unit"), (&avoided, "rather_not"), (&anna, "not_a_coach")]
    {
        assert_eq!(told(&way.ask("refer", coach).await), refused(code));
    }
    assert_eq!(way.ask("refer", &free).await.status, 200);
    // Of herself it is enough to say that she cannot.
    let own = Way::to_intake(&herself, &adviser).await;
    assert_eq!(told(&own.ask("refer", &herself).await), refused("not_a_coach"));
}

#[tokio::test]
async fn what_became_a_conflict_since_the_question_cannot_be_accepted_and_the_coach_is_not_told_which() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let (way, referral) = Way::to_referral(&anna, &adviser, &coach).await;
    manages(&app, &coach, &anna).await;
    let by_manager = answer(&coach, "accept", &referral).await;
    assert_eq!(told(&by_manager), refused("conflict_of_interest"));
    app.change(async |tx| tx.set_manager(anna.user, None).await.unwrap()).await;
    work_in(&app, "Burgerzaken", &[&anna, &coach]).await;
    let by_unit = answer(&coach, "accept", &referral).await;
    assert_eq!(by_unit.appearance(), by_manager.appearance());
    // She can still say no, so that somebody else can be asked.
    assert_eq!(answer(&coach, "decline", &referral).await.status, 200);
    assert_eq!(way.seen_by(&adviser).await.unwrap()["state"], "route_chosen");
}

#[tokio::test]
async fn a_question_to_whom_she_would_rather_not_have_is_taken_back_and_looks_as_if_it_had_never_been() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let (way, referral) = Way::to_referral(&anna, &adviser, &coach).await;
    assert!(way.seen_by(&coach).await.is_some());
    assert_eq!(way.avoid(&[&coach]).await.status, 200);
    assert_eq!(way.seen_by(&coach).await, None);
    let nothing = answer(&coach, "accept", &json!(shared::ids::ReferralId([7; 16]))).await;
    for how in ["accept", "decline"] {
        assert_eq!(answer(&coach, how, &referral).await.appearance(), nothing.appearance());
    }
    // The adviser sees that it was taken back, and whom to leave out.
    let seen = way.seen_by(&adviser).await.unwrap();
    assert_eq!(
        (&seen["state"], &seen["referrals"][0]["state"]),
        (&json!("route_chosen"), &json!("withdrawn"))
    );
    assert_eq!(seen["avoided"], json!([coach.user]));
    assert_eq!(way.seen_by(&anna).await.unwrap()["avoided"], json!([coach.user]));
    assert_eq!(told(&way.ask("refer", &coach).await), refused("rather_not"));
}

#[tokio::test]
async fn whom_she_would_rather_not_have_is_nobodys_business_but_hers_and_her_advisers() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let avoided = app.person(Role::InternalCoach).await;
    let (all_else, manager) =
        (app.person_with(&[Role::Trainer, Role::Administrator, Role::LineManager]).await, {
            let manager = app.person(Role::CareerAdviser).await;
            manages(&app, &manager, &anna).await;
            manager
        });
    let way = Way::to_intake(&anna, &adviser).await;
    assert_eq!(way.avoid(&[&avoided]).await.status, 200);
    assert_eq!(way.ask("refer", &coach).await.status, 200);
    for person in [&coach, &avoided, &all_else, &manager] {
        assert!(!person.directory().await.to_string().contains("avoided"));
    }
    for person in [&anna, &adviser] {
        assert_eq!(way.seen_by(person).await.unwrap()["avoided"], json!([avoided.user]));
    }
}

#[tokio::test]
async fn she_can_change_it_until_somebody_is_her_coach_and_again_while_a_successor_is_asked() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let (one, other) = (app.person(Role::InternalCoach).await, app.person(Role::InternalCoach).await);
    let way = Way::to_intake(&anna, &adviser).await;
    assert_eq!(way.avoid(&[&one, &other, &one]).await.status, 200);
    assert_eq!(way.avoid(&[&other]).await.status, 200);
    assert_eq!(way.seen_by(&anna).await.unwrap()["avoided"], json!([other.user]));
    // Who is no coach, and who does not exist, look alike.
    let nobody = json!({ "coaches": [shared::ids::UserId([9; 16])] });
    let unknown = way.about(&anna, "avoid_coaches", &nobody).await;
    assert_eq!(told(&unknown), refused("not_a_coach"));
    assert_eq!(way.avoid(&[&adviser]).await.appearance(), unknown.appearance());
    let asked = way.ask("refer", &coach).await;
    assert_eq!(answer(&coach, "accept", &asked.json()["referral"]).await.status, 200);
    assert_eq!(told(&way.avoid(&[]).await), refused("has_a_coach"));
    assert_eq!(way.ask("transfer", &one).await.status, 200);
    assert_eq!(way.avoid(&[&one]).await.status, 200);
    // The coach stays the coach, and nobody is being asked any more.
    let seen = way.seen_by(&anna).await.unwrap();
    assert_eq!(seen["state"], "active");
    assert_eq!(told(&way.ask("transfer", &one).await), refused("rather_not"));
    assert_eq!(way.ask("transfer", &other).await.status, 200);
}

#[tokio::test]
async fn a_coach_with_whom_a_conflict_comes_up_later_keeps_her_access_and_the_adviser_can_see_it() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    manages(&app, &coach, &anna).await;
    assert_eq!(way.documents(&coach, "shared_notes").await[0].1, "write");
    let people = adviser.directory().await["people"].as_array().unwrap().clone();
    let seen = people.iter().find(|it| it["id"] == json!(anna.user)).unwrap();
    assert_eq!(seen["manager"], json!(coach.user));
}

#[tokio::test]
async fn an_adviser_neither_reads_nor_decides_about_herself_or_somebody_she_manages() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let (manager, colleague) = (app.person(Role::CareerAdviser).await, app.person(Role::CareerAdviser).await);
    manages(&app, &manager, &anna).await;
    let hers = Way::to_intake(&anna, &adviser).await;
    assert_eq!(hers.seen_by(&manager).await, None);
    assert_eq!(hers.documents(&manager, "intake").await, []);
    assert_eq!(hers.about(&manager, "refer", &json!({ "coach": coach.user })).await.status, 404);

    // Another adviser does the intake of an adviser.
    let own = Way::to_intake(&colleague, &adviser).await;
    assert!(own.seen_by(&colleague).await.is_some());
    assert_eq!(own.documents(&colleague, "intake").await, []);
    assert_eq!(own.documents(&adviser, "intake").await.len(), 1);
    assert_eq!(own.about(&colleague, "refer", &json!({ "coach": coach.user })).await.status, 404);
    let intake = own.document(&adviser, "intake").await;
    assert_eq!(colleague.get(&format!("/api/documents/{intake}/readers")).await.status, 404);
}

#[tokio::test]
async fn an_adviser_who_becomes_her_manager_reads_nothing_of_her_any_more_until_she_is_none() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) = people(&app).await;
    let (other, administrator) =
        (app.person(Role::CareerAdviser).await, app.person(Role::Administrator).await);
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let read = async |person: &Person| {
        let directory = person.directory().await;
        directory["documents"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["trajectory"] == json!(way.trajectory))
            .map(|it| it["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = read(&adviser).await;
    assert!(!before.is_empty() && way.seen_by(&adviser).await.is_some());
    let path = format!("/api/accounts/{}", anna.user);
    let name = async |manager: Option<shared::ids::UserId>| {
        let body = json!({ "manager": manager });
        administrator.send_json(reqwest::Method::PATCH, &path, &body).await.status
    };
    assert_eq!(name(Some(adviser.user)).await, 204);
    assert_eq!(read(&adviser).await, Vec::<String>::new());
    assert_eq!(way.seen_by(&adviser).await, None);
    assert!(!read(&other).await.is_empty(), "another adviser goes on");
    assert_eq!(name(None).await, 204);
    assert_eq!(read(&adviser).await, before);
}
