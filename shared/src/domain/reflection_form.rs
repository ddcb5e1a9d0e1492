//! The reflection form as data: sections, questions and what kind of answer each wants. The words live in the
//! client's translations, under the ids given here.

/// A part of the form, and the unit in which it is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Aanleiding: the reason to come.
    A,
    /// Nu: how work is now.
    B,
    /// Motieven: what moves her.
    C,
    /// Kwaliteiten: what she is good at.
    D,
    /// Werk verkennen: which work, and the career so far.
    E,
    /// Sturen: steps tried and steps to take.
    F,
    /// Netwerk: who can help.
    G,
    /// Begeleiding: by whom and how she wants to be guided.
    H,
}

impl Section {
    /// Every section, in order.
    pub const ALL: [Self; 8] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F, Self::G, Self::H];

    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
            Self::G => "G",
            Self::H => "H",
        }
    }

    /// The section of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.code() == code)
    }

    /// Its questions, in order.
    pub fn questions(self) -> impl Iterator<Item = &'static Question> {
        QUESTIONS.iter().filter(move |question| question.section == self)
    }

    /// The section after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|&section| section > self)
    }

    /// The section before this one.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|&section| section < self)
    }
}

/// What kind of answer a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// As much text as she likes.
    LongText,
    /// A number from 1 to 10.
    Scale,
    /// Six scales at once, drawn as a wheel: [`WHEEL`].
    Wheel,
    /// Jobs with from, to and what was learned.
    Timeline,
    /// One of [`Guidance`].
    Choice,
}

/// A question of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Its key in documents and translations, such as `A1`.
    pub id: &'static str,
    /// The section it belongs to.
    pub section: Section,
    /// What kind of answer it wants.
    pub kind: QuestionKind,
    /// Whether the form is only complete with an answer; everything else is optional.
    pub required: bool,
    /// Whether it is asked again at closing, to see before beside after.
    pub at_closing: bool,
}

const fn question(id: &'static str, section: Section, kind: QuestionKind) -> Question {
    Question { id, section, kind, required: false, at_closing: false }
}

/// The whole form, in order.
pub const QUESTIONS: [Question; 22] = [
    Question { required: true, ..question("A1", Section::A, QuestionKind::LongText) },
    question("A2", Section::A, QuestionKind::LongText),
    Question { at_closing: true, ..question("B1", Section::B, QuestionKind::Scale) },
    question("B2", Section::B, QuestionKind::LongText),
    question("B3", Section::B, QuestionKind::LongText),
    Question { at_closing: true, ..question("B4", Section::B, QuestionKind::Wheel) },
    question("C1", Section::C, QuestionKind::LongText),
    question("C2", Section::C, QuestionKind::LongText),
    question("D1", Section::D, QuestionKind::LongText),
    question("D2", Section::D, QuestionKind::LongText),
    question("D3", Section::D, QuestionKind::LongText),
    question("E1", Section::E, QuestionKind::LongText),
    question("E2", Section::E, QuestionKind::LongText),
    question("E3", Section::E, QuestionKind::Timeline),
    question("F1", Section::F, QuestionKind::LongText),
    Question { at_closing: true, ..question("F2", Section::F, QuestionKind::Scale) },
    question("F3", Section::F, QuestionKind::LongText),
    question("G1", Section::G, QuestionKind::LongText),
    question("H1", Section::H, QuestionKind::Choice),
    question("H2", Section::H, QuestionKind::LongText),
    question("H3", Section::H, QuestionKind::LongText),
    question("H4", Section::H, QuestionKind::LongText),
];

/// The six scales of the work wheel (B4), in order around it: content, colleagues, management, balance, growth,
/// security.
pub const WHEEL: [&str; 6] =
    ["B4.content", "B4.colleagues", "B4.management", "B4.balance", "B4.growth", "B4.security"];

/// Every single scale of the form: the scale questions and the parts of the wheel.
pub const SCALES: [&str; 8] =
    ["B1", "B4.content", "B4.colleagues", "B4.management", "B4.balance", "B4.growth", "B4.security", "F2"];

/// The lowest and highest number of a scale.
pub const SCALE_RANGE: std::ops::RangeInclusive<u8> = 1..=10;

/// The question of that id.
#[must_use]
pub fn question_of(id: &str) -> Option<&'static Question> {
    QUESTIONS.iter().find(|question| question.id == id)
}

/// The questions that are answered with text.
pub fn text_questions() -> impl Iterator<Item = &'static Question> {
    QUESTIONS.iter().filter(|question| question.kind == QuestionKind::LongText)
}

/// By whom she prefers to be guided (H1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guidance {
    /// A coach of the own organisation.
    Internal,
    /// A coach from outside.
    External,
    /// No preference.
    Either,
}

impl Guidance {
    /// Every choice, in the order shown.
    pub const ALL: [Self; 3] = [Self::Internal, Self::External, Self::Either];

    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
            Self::Either => "either",
        }
    }

    /// The choice of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_in_order_and_only_the_first_is_required() {
        let ids: Vec<_> = QUESTIONS.iter().map(|question| question.id).collect();
        assert!(ids.is_sorted());
        assert!(QUESTIONS.iter().all(|question| question.id.starts_with(question.section.code())));
        assert_eq!(QUESTIONS.iter().filter(|question| question.required).count(), 1);
        assert!(QUESTIONS[0].required);
    }

    #[test]
    fn the_scales_are_those_of_the_scale_questions_and_the_wheel() {
        for id in SCALES {
            let question = question_of(id.split('.').next().unwrap()).unwrap();
            assert!(matches!(question.kind, QuestionKind::Scale | QuestionKind::Wheel), "{id}");
            assert!(question.at_closing);
        }
        assert!(WHEEL.iter().all(|id| SCALES.contains(id)));
    }
}
