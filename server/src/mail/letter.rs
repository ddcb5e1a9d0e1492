//! What is in a letter: in Dutch, then in English, and of content nothing but the link. Not even a name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lettre::address::AddressError;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::{Address, error::Error as MessageError};
use shared::ids::UserId;
use store::{LinkPurpose, Millis};

use crate::random;

/// Characters that a line may have (RFC 5322).
const LONGEST_LINE: usize = 998;

/// A link on its way to its person.
#[derive(Clone)]
pub struct Letter {
    /// Who she is.
    pub user: UserId,
    /// Where she reads mail.
    pub to: String,
    /// What the link is for.
    pub purpose: LinkPurpose,
    /// The link, whole.
    pub link: String,
    /// From when on it is worth nothing, and the letter need not be sent.
    pub expires: Millis,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritable {
    /// No mail server would take that address.
    #[error("the address of the account is not one that mail can be sent to")]
    Address(#[from] AddressError),
    /// The parts do not make a message.
    #[error("the message could not be put together: {0}")]
    Message(#[from] MessageError),
}

impl Letter {
    /// The message, as it goes to the mail server.
    pub(super) fn message(&self, from: &Mailbox) -> Result<Message, Unwritable> {
        let to: Address = self.to.parse()?;
        let id = URL_SAFE_NO_PAD.encode(random::fresh::<16>());
        let host = from.email.domain();
        Ok(Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(self.subject())
            .message_id(Some(format!("<{id}@{host}>")))
            // Who is away does not answer a program (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(whole(self.text()))?)
    }

    fn subject(&self) -> &'static str {
        match self.purpose {
            LinkPurpose::Invitation => "Uitnodiging voor Loopbaanmaat / Your invitation to Loopbaanmaat",
            LinkPurpose::Password => "Nieuw wachtwoord voor Loopbaanmaat / New password for Loopbaanmaat",
        }
    }

    fn text(&self) -> String {
        let link = &self.link;
        match self.purpose {
            LinkPurpose::Invitation => format!(
                "Goedendag,

Je bent uitgenodigd voor Loopbaanmaat. Open deze link en kies je wachtwoord:

{link}

De link werkt een keer en is 14 dagen geldig. Verwachtte je deze mail niet?
Dan hoef je niets te doen.

----

Hello,

You have been invited to Loopbaanmaat. Open this link and choose your password:

{link}

The link works once and is valid for 14 days. Did you not expect this mail?
Then there is nothing you need to do.
"
            ),
            LinkPurpose::Password => format!(
                "Goedendag,

Met deze link kies je een nieuw wachtwoord voor Loopbaanmaat:

{link}

De link werkt een keer en is een uur geldig. Heb je hier niet om gevraagd?
Dan hoef je niets te doen: je wachtwoord blijft zoals het was.

----

Hello,

With this link you choose a new password for Loopbaanmaat:

{link}

The link works once and is valid for one hour. Did you not ask for this?
Then there is nothing you need to do: your password stays as it was.
"
            ),
        }
    }
}

/// The text as it is, so that no encoding cuts the link in two, which some programs for mail put together wrongly.
fn whole(text: String) -> Body {
    let fits = text.is_ascii() && !text.contains('\r') && text.lines().all(|line| line.len() <= LONGEST_LINE);
    if !fits {
        // The server has an address that is too long for a line.
        return Body::new(text);
    }
    let lines = text.replace('\n', "\r\n").into_bytes();
    Body::dangerous_pre_encoded(lines, ContentTransferEncoding::SevenBit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, purpose: LinkPurpose) -> Letter {
        let link = format!("https://loopbaan.gemeente-voorbeeld.example/uitnodiging#{}", "x".repeat(43));
        Letter { user: UserId([7; 16]), to: to.into(), purpose, link, expires: 9 }
    }

    fn from() -> Mailbox {
        "Loopbaanmaat <loopbaan@voorbeeld.example>".parse().unwrap()
    }

    #[test]
    fn a_letter_is_plain_text_with_the_link_whole_in_both_languages() {
        for purpose in LinkPurpose::ALL {
            let letter = letter("anna@voorbeeld.example", purpose);
            let message = String::from_utf8(letter.message(&from()).unwrap().formatted()).unwrap();
            let (headers, text) = message.split_once("\r\n\r\n").unwrap();
            assert!(headers.contains("Content-Type: text/plain; charset=utf-8"), "{headers}");
            assert!(headers.contains("Auto-Submitted: auto-generated"), "{headers}");
            assert_eq!(text.matches(&letter.link).count(), 2, "{text}");
            assert!(text.find("Goedendag").unwrap() < text.find("Hello").unwrap());
            assert!(headers.contains("Content-Transfer-Encoding: 7bit"), "{headers}");
        }
    }

    #[test]
    fn an_address_cannot_bring_a_header_of_its_own() {
        for to in [
            "anna@voorbeeld.example\r\nBcc: boef@elders.example",
            "anna@voorbeeld.example\nSubject: boe",
            "\"anna\r\nBcc: x\"@voorbeeld.example",
            "anna@voorbeeld.example, boef@elders.example",
            "<anna@voorbeeld.example>",
            "",
        ] {
            let refused = letter(to, LinkPurpose::Password).message(&from());
            assert!(matches!(refused, Err(Unwritable::Address(_))), "{to:?}");
        }
    }
}
