//! The audit log from outside: what is written to it, and who may look at it.

use serde_json::{Value, json};
use server::audit;
use shared::domain::role::Role;
use shared::sync::signature::DeviceKey;
use tests::{PASSWORD, Person, TestApp};

const ANNA: &str = "anna@test.example";

async fn actions(app: &TestApp) -> Vec<String> {
    let mut rows = app.store().audit_tail(100).await.unwrap();
    rows.reverse();
    rows.into_iter().map(|row| row.event.action).collect()
}

async fn sign_in(app: &TestApp, email: &str, password: &str, key: &DeviceKey) -> u16 {
    let offer = Person::offer(app, email, password, key).await;
    app.send(app.http().post(app.url("/api/session")).json(&offer)).await.status
}

#[tokio::test]
async fn signing_in_and_out_and_a_new_device_are_written() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let before = actions(&app).await.len();
    let key = DeviceKey::from_secret(&[7; 32]);
    for _ in 0..2 {
        assert_eq!(sign_in(&app, ANNA, PASSWORD, &key).await, 200);
    }
    assert_eq!(actions(&app).await[before..], ["device_add", "sign_in", "sign_in"]);
    let rows = app.store().audit_tail(1).await.unwrap();
    assert_eq!((rows[0].event.device, rows[0].event.object.clone()), (Some(key.id()), key.id().to_string()));
}

#[tokio::test]
async fn however_many_guesses_there_are_a_row_says_how_many() {
    let app = TestApp::init().await;
    let anna = app.account(ANNA, Role::Employee).await;
    let before = actions(&app).await.len();
    let key = DeviceKey::from_secret(&[7; 32]);
    for _ in 0..4 {
        assert_eq!(sign_in(&app, ANNA, "verkeerd wachtwoord", &key).await, 401);
        assert_eq!(sign_in(&app, "niemand@test.example", "verkeerd wachtwoord", &key).await, 401);
    }
    audit::write_failures(app.state(), false).await.unwrap();
    assert_eq!(actions(&app).await.len(), before);
    app.clock().advance(10 * 60_000);
    audit::write_failures(app.state(), false).await.unwrap();
    let rows = app.store().audit_tail(2).await.unwrap();
    let told: Vec<_> = rows.into_iter().map(|it| (it.event.action, it.event.object)).collect();
    let failed = |object: String| ("sign_in_failed:4".to_owned(), object);
    assert_eq!(told, [failed(anna.to_string()), failed("unknown".to_owned())]);
    assert_eq!(actions(&app).await.len(), before + 2);
}

#[tokio::test]
async fn what_is_counted_is_written_when_the_server_stops() {
    let app = TestApp::init().await;
    let before = actions(&app).await.len();
    let key = DeviceKey::from_secret(&[7; 32]);
    assert_eq!(sign_in(&app, ANNA, "verkeerd wachtwoord", &key).await, 401);
    let app = app.restarted().await;
    assert_eq!(actions(&app).await[before..], ["sign_in_failed:1"]);
}

#[tokio::test]
async fn a_saved_copy_is_written_as_what_it_is_of_and_never_as_words() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    assert_eq!(anna.command(json!({ "type": "note_export", "what": "my_data" })).await.status, 200);
    let row = app.store().audit_tail(1).await.unwrap().remove(0);
    assert_eq!((row.event.action.as_str(), row.event.object.as_str()), ("note_export", "my_data"));
    assert_eq!((row.event.user, row.event.device), (Some(anna.user), Some(anna.key.id())));
    for what in ["", "ik twijfel over mijn werk", "<b>", &"a".repeat(65)] {
        let answer = anna.command(json!({ "type": "note_export", "what": what })).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "bad_command"), "{what:?}");
    }
}

#[tokio::test]
async fn an_administrator_reads_the_log_page_by_page_and_looking_is_written_once_in_a_while() {
    let app = TestApp::init().await;
    let admin = app.person(Role::Administrator).await;
    let anna = app.employee().await;
    for _ in 0..60 {
        anna.command(json!({ "type": "note_export", "what": "my_data" })).await;
    }
    let page = async |query: &str| -> Value { admin.get(&format!("/api/audit?{query}")).await.json() };
    let seqs = |page: &Value| -> Vec<u64> {
        page["rows"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect()
    };
    let first = page("").await;
    assert_eq!((first["more"].clone(), seqs(&first).len()), (json!(true), 50));
    assert_eq!(first["rows"][0]["action"], "audit_view");
    let last = seqs(&first)[49];
    let second = page(&format!("before={last}")).await;
    assert_eq!((second["more"].clone(), seqs(&second)[0]), (json!(false), last - 1));
    assert_eq!(second["head"], first["head"]);
    let hers = page(&format!("user={}&action=note_export", anna.user)).await;
    assert_eq!(seqs(&hers).len(), 50);
    assert_eq!(seqs(&page("action=audit_view").await).len(), 1);
    assert_eq!(seqs(&page("until=1").await).len(), 0);
    assert_eq!(admin.get("/api/audit?before=x").await.status, 400);
    app.clock().advance(10 * 60_000);
    assert_eq!(seqs(&page("action=audit_view").await).len(), 2);

    let csv = admin.get("/api/audit/export?action=note_export").await;
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(csv.text().lines().count(), 61);
    assert_eq!(page("action=audit_export").await["rows"].as_array().unwrap().len(), 1);
}
