//! Codes that change every half minute (RFC 6238, on RFC 4226): what an app computes from a secret and the time, and
//! the server too.

use hmac::{Hmac, KeyInit as _, Mac as _};
use qrcode::{Color, EcLevel, QrCode};
use sha1::Sha1;

use crate::random;

/// Bytes of a secret, as RFC 4226 recommends.
pub const SECRET: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// How long a code is shown, in ms.
pub const STEP_MS: u64 = 30_000;
/// Steps before and after the present one whose codes are taken too: clocks differ, and people type slowly.
const WINDOW: u64 = 1;

/// The secret that an app and the server share. Never logged: it has no `Debug`.
pub struct Secret([u8; SECRET]);

impl Secret {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(random::fresh())
    }

    /// From its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8; SECRET] {
        &self.0
    }

    /// As apps take it when it is typed: base32 in capitals (RFC 4648), without padding, which 20 bytes do not need.
    #[must_use]
    pub fn text(&self) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let groups =
            self.0.chunks(5).map(|chunk| chunk.iter().fold(0_u64, |all, &it| all << 8 | u64::from(it)));
        groups
            .flat_map(|bits| (0..8).rev().map(move |at| (bits >> (5 * at)) & 31))
            .map(|index| char::from(ALPHABET[usize::try_from(index).unwrap_or_default() % 32]))
            .collect()
    }

    /// The code of a step.
    #[must_use]
    pub fn code(&self, step: u64) -> u32 {
        hotp(&self.0, step) % 10_u32.pow(DIGITS as u32)
    }

    /// The step whose code was typed, if it is near enough to `now` and later than `last`. More than one would do only
    /// where codes happen to be the same; then it is the first, so that no more than needed is used up.
    #[must_use]
    pub fn step_of(&self, code: u32, now: u64, last: u64) -> Option<u64> {
        let present = step_at(now);
        (present.saturating_sub(WINDOW)..=present + WINDOW)
            .find(|&step| step > last && self.code(step) == code)
    }

    /// What an app is told, as a link: whose it is and how codes are made.
    #[must_use]
    pub fn link(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={}",
            self.text(),
            STEP_MS / 1_000
        )
    }
}

/// The step that a moment is in.
#[must_use]
pub fn step_at(now: u64) -> u64 {
    now / STEP_MS
}

/// The digits that somebody typed, with or without spaces; none where it is no code.
#[must_use]
pub fn typed(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|it| it.is_ascii_digit());
    is_code.then(|| digits.parse().ok()).flatten()
}

/// RFC 4226, section 5.3, before the modulo.
fn hotp(secret: &[u8], counter: u64) -> u32 {
    let mut mac = <Hmac<Sha1>>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0f);
    u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]) & 0x7fff_ffff
}

fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A link as a picture for the camera of a phone, to be drawn as SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its width and height, in modules, with the quiet zone that scanners need.
    pub size: usize,
    /// The dark modules, as the `d` of a `path`.
    pub path: String,
}

/// Modules around the picture that stay light, as ISO 18004 asks.
const QUIET: usize = 4;

/// Draws a link; none where it is too long, which an address of 254 characters is not.
#[must_use]
pub fn picture(link: &str) -> Option<Picture> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(link, EcLevel::M).ok()?;
    let width = code.width();
    let dark = code.to_colors();
    let mut path = String::new();
    for (y, row) in dark.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|it| **it == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(Picture { size: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Secret {
        Secret(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        let expected =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in (0..).zip(expected) {
            assert_eq!(rfc().code(counter), code, "{counter}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The vectors of appendix B have eight digits.
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = step_at(seconds * 1_000);
            assert_eq!(hotp(rfc().bytes(), step) % 100_000_000, expected, "{seconds}");
            assert_eq!(rfc().code(step), expected % 1_000_000, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_not_two() {
        let secret = rfc();
        let now = 1_234_567_890_000;
        let present = step_at(now);
        for (step, is_taken) in [
            (present - 2, false),
            (present - 1, true),
            (present, true),
            (present + 1, true),
            (present + 2, false),
        ] {
            assert_eq!(secret.step_of(secret.code(step), now, 0), is_taken.then_some(step));
        }
        assert_eq!(secret.step_of(secret.code(present), now, present), None, "used");
        assert_eq!(secret.step_of(secret.code(present - 1), now, present), None, "before one that was used");
        assert_eq!(secret.step_of(secret.code(present + 1), now, present), Some(present + 1));
        assert_eq!(secret.step_of(secret.code(0), 0, 0), None, "step 0 is used from the beginning");
    }

    #[test]
    fn what_is_typed_may_have_spaces_and_is_six_digits() {
        assert_eq!(typed(" 081 804 "), Some(81_804));
        for text in ["", "12345", "1234567", "12345a", "+12345", "١٢٣٤٥٦"] {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    #[test]
    fn an_app_is_told_what_it_needs() {
        assert_eq!(rfc().text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            rfc().link("Loopbaanmaat", "zoë@test.example"),
            "otpauth://totp/Loopbaanmaat:zo%C3%AB%40test.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Loopbaanmaat&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_picture_has_the_finders_of_a_qr_code_and_light_around_it() {
        let picture = picture(&rfc().link("Loopbaanmaat", &"a".repeat(254))).unwrap();
        // The top of the finders, left and right.
        let right = picture.size - QUIET - 7;
        assert!(picture.path.starts_with(&format!("M{QUIET} {QUIET}h7v1h-7z")), "{}", picture.path);
        assert!(picture.path.contains(&format!("M{right} {QUIET}h7v1h-7z")));
        assert!(super::picture(&"a".repeat(4_000)).is_none());
    }
}
