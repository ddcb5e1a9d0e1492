//! Templates of session notes: which parts a note begins with. The words live in the client's translations;
//! those of a template that the adviser added are in the practice document.

/// A template that comes with the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its key in documents and translations.
    pub code: &'static str,
    /// The keys of its parts, in order.
    pub parts: &'static [&'static str],
}

/// Every template, in the order shown.
pub const TEMPLATES: [Template; 7] = [
    Template { code: "quick", parts: &["words", "insight", "action", "next"] },
    Template { code: "intake", parts: &["question", "situation", "wishes", "route", "why"] },
    Template { code: "grow", parts: &["goal", "reality", "options", "will"] },
    Template { code: "starr", parts: &["situation", "task", "action", "result", "reflection"] },
    Template {
        code: "phase",
        parts: &["farewell", "self_examination", "exploration", "action_plan", "new_work"],
    },
    Template { code: "closing", parts: &["result", "before_after", "aftercare"] },
    // What is agreed with a third at the table is shared only after the employee approves of it.
    Template { code: "three_way", parts: &["agreed"] },
];

impl Template {
    /// The template of that code.
    #[must_use]
    pub fn of(code: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.code == code)
    }

    /// Where a part stands in this template; unknown parts come last.
    #[must_use]
    pub fn place_of(&self, part: &str) -> usize {
        self.parts.iter().position(|&each| each == part).unwrap_or(usize::MAX)
    }
}
