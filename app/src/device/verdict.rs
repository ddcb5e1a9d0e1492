//! What an answer to a command means.

use super::http::Answer;
use super::outbox::Outcome;

/// How long to wait before a command that the server could not take is sent again, in ms.
const RETRY_MS: u64 = 10_000;

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has decided.
    Answered(Outcome),
    /// There is no session.
    SignedOut,
    /// Nothing is decided: to be sent again after so many ms.
    Later(u64),
    /// The server says something that this version of the program does not know: it waits until one of them is
    /// another version, and nothing waits for it.
    NotUnderstood,
}

/// What this answer means.
pub fn verdict(answer: &Answer) -> Verdict {
    match answer.status {
        200 => match answer.json() {
            Some(done) => Verdict::Answered(Outcome::Done(done)),
            // Something between here and the server answered in its place.
            None => Verdict::Later(RETRY_MS),
        },
        401 => Verdict::SignedOut,
        400..=499 if answer.status != 408 && answer.status != 429 => match answer.problem_code().as_deref() {
            Some("not_found") if answer.status == 404 => Verdict::Answered(Outcome::Refused(None)),
            Some(code) => match serde_json::from_value(serde_json::Value::String(code.to_owned())) {
                Ok(refusal) => Verdict::Answered(Outcome::Refused(Some(refusal))),
                Err(_) => Verdict::NotUnderstood,
            },
            // A proxy's page, not the server's word.
            None => Verdict::Later(RETRY_MS),
        },
        _ => Verdict::Later(answer.retry_after.map_or(RETRY_MS, |seconds| seconds * 1_000)),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::command::Refusal;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec(), retry_after: None }
    }

    #[test]
    fn what_a_proxy_says_is_not_the_servers_refusal() {
        for status in [400, 403, 404, 413, 502, 503] {
            for page in ["<html><body>Blocked by the network</body></html>", "", "{\"error\":\"no\"}"] {
                assert!(matches!(verdict(&answer(status, page)), Verdict::Later(_)), "{status} {page}");
            }
        }
        assert!(matches!(verdict(&answer(200, "<html>Log in to the network</html>")), Verdict::Later(_)));
        let refusal = verdict(&answer(409, r#"{"code":"wrong_state","title":"Not now"}"#));
        assert!(matches!(refusal, Verdict::Answered(Outcome::Refused(Some(Refusal::WrongState)))));
        let gone = verdict(&answer(404, r#"{"code":"not_found","title":"Not found"}"#));
        assert!(matches!(gone, Verdict::Answered(Outcome::Refused(None))));
        assert!(matches!(verdict(&answer(401, "")), Verdict::SignedOut));
    }

    #[test]
    fn a_reason_that_this_version_does_not_know_is_no_last_word() {
        for status in [400, 404, 409, 413, 422] {
            let said = answer(status, r#"{"code":"of_a_later_version","title":"New"}"#);
            assert!(matches!(verdict(&said), Verdict::NotUnderstood), "{status}");
        }
    }
}
