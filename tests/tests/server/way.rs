//! A trajectory brought where a test needs it, by commands.

use serde_json::{Value, json};
use shared::ids::DocId;
use tests::{Answer, Person};

/// A trajectory.
pub struct Way {
    /// Whose.
    pub employee: Person,
    /// Who advises her.
    pub adviser: Person,
    /// Which.
    pub trajectory: Value,
}

impl Way {
    /// The intake has been held.
    pub async fn to_intake(employee: &Person, adviser: &Person) -> Self {
        let made = employee.command(json!({ "type": "register" })).await;
        assert_eq!(made.status, 200, "{}", made.text());
        let trajectory = made.json()["trajectory"].clone();
        let way = Self { employee: employee.clone(), adviser: adviser.clone(), trajectory };
        let held = way.about(adviser, "hold_intake", &json!({})).await;
        assert_eq!(held.status, 200, "{}", held.text());
        way
    }

    /// That coach has been asked; with the referral.
    pub async fn to_referral(employee: &Person, adviser: &Person, coach: &Person) -> (Self, Value) {
        let way = Self::to_intake(employee, adviser).await;
        let asked = way.ask("refer", coach).await;
        assert_eq!(asked.status, 200, "{}", asked.text());
        (way, asked.json()["referral"].clone())
    }

    /// That coach has accepted.
    pub async fn to_coach(employee: &Person, adviser: &Person, coach: &Person) -> Self {
        let (way, referral) = Self::to_referral(employee, adviser, coach).await;
        assert_eq!(answer(coach, "accept", &referral).await.status, 200);
        way
    }

    /// That successor has taken over.
    pub async fn to_successor(&self, successor: &Person) {
        let asked = self.ask("transfer", successor).await;
        assert_eq!(asked.status, 200, "{}", asked.text());
        assert_eq!(answer(successor, "accept", &asked.json()["referral"]).await.status, 200);
    }

    /// The adviser asks somebody, by `refer` or `transfer`.
    pub async fn ask(&self, how: &str, coach: &Person) -> Answer {
        self.about(&self.adviser, how, &json!({ "coach": coach.user })).await
    }

    /// The employee would rather not have these.
    pub async fn avoid(&self, coaches: &[&Person]) -> Answer {
        let coaches: Vec<_> = coaches.iter().map(|it| it.user).collect();
        self.about(&self.employee, "avoid_coaches", &json!({ "coaches": coaches })).await
    }

    /// Somebody gives a command about this trajectory.
    pub async fn about(&self, who: &Person, kind: &str, more: &Value) -> Answer {
        let mut command = more.clone();
        command["type"] = json!(kind);
        command["trajectory"] = self.trajectory.clone();
        who.command(command).await
    }

    /// Where it is, as somebody is told.
    pub async fn seen_by(&self, who: &Person) -> Option<Value> {
        let directory = who.directory().await;
        directory["trajectories"].as_array()?.iter().find(|it| it["id"] == self.trajectory).cloned()
    }

    /// What somebody is told of its documents of a kind, with what she may do.
    pub async fn documents(&self, who: &Person, kind: &str) -> Vec<(DocId, String)> {
        let directory = who.directory().await;
        let documents = directory["documents"].as_array().unwrap().clone();
        let found =
            documents.into_iter().filter(|it| it["kind"] == kind && it["trajectory"] == self.trajectory);
        found
            .map(|it| {
                (it["id"].as_str().unwrap().parse().unwrap(), it["access"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    /// The one document of a kind that somebody is told of.
    pub async fn document(&self, who: &Person, kind: &str) -> DocId {
        let found = self.documents(who, kind).await;
        assert_eq!(found.len(), 1, "{kind}");
        found[0].0
    }
}

/// A coach answers a referral, by `accept` or `decline`.
pub async fn answer(coach: &Person, how: &str, referral: &Value) -> Answer {
    coach.command(json!({ "type": how, "referral": referral })).await
}

/// The status and the code of an answer.
pub fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

/// A refusal with that code.
pub fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}
