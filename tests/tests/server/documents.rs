//! `/api/documents/{doc}/readers`

use serde_json::json;
use shared::domain::role::Role;
use shared::ids::DocId;
use tests::TestApp;

#[tokio::test]
async fn who_can_see_it_is_told_by_name_to_who_can_see_it() {
    let app = TestApp::init().await;
    let (adviser, coach) = (app.person(Role::CareerAdviser).await, app.person(Role::InternalCoach).await);
    let directory = coach.directory().await;
    let practice =
        directory["documents"].as_array().unwrap().iter().find(|it| it["kind"] == "practice").unwrap();
    let readers =
        coach.get(&format!("/api/documents/{}/readers", practice["id"].as_str().unwrap())).await.json();
    let mut readers: Vec<(String, String)> = readers["readers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["id"].as_str().unwrap().into(), it["access"].as_str().unwrap().into()))
        .collect();
    readers.sort();
    let mut expected =
        vec![(adviser.user.to_string(), "write".into()), (coach.user.to_string(), "read".into())];
    expected.sort();
    assert_eq!(readers, expected);
}

#[tokio::test]
async fn what_is_no_document_and_what_is_not_mine_look_the_same() {
    let app = TestApp::init().await;
    let (anna, bram) = (app.employee().await, app.employee().await);
    let hers = anna.directory().await["documents"][0]["id"].as_str().unwrap().to_owned();
    let nothing = bram.get(&format!("/api/documents/{}/readers", DocId([9; 16]))).await;
    assert_eq!((nothing.status, nothing.json()["code"].clone()), (404, json!("not_found")));
    for id in [hers.as_str(), "no-id", "AAAA"] {
        let answer = bram.get(&format!("/api/documents/{id}/readers")).await;
        assert_eq!(answer.appearance(), nothing.appearance(), "{id}");
    }
}
