//! The words of the demonstration's talks, and what came of them.

use shared::domain::plan::{ItemKind, ItemState};
use shared::domain::progress::{Phase, Status, TalkKind};

/// The adviser's notes of an intake.
pub(super) struct Intake {
    pub employee: &'static str,
    pub words: &'static [(&'static str, &'static str)],
}

/// What coach and employee have together.
pub(super) struct Conversation {
    pub employee: &'static str,
    pub talks: &'static [Talk],
    pub items: &'static [Item],
    pub phase: Option<Phase>,
    pub status: Option<Status>,
    pub needs_attention: bool,
}

/// When a talk is.
#[derive(Clone, Copy)]
pub(super) enum TalkDay {
    /// So many days ago; below zero: to come.
    DaysAgo(i64),
    /// Today, in so many minutes.
    TodayIn(u64),
}

/// One talk, with what was written about it.
pub(super) struct Talk {
    pub day: TalkDay,
    pub kind: TalkKind,
    /// The template of the coach's own note.
    pub template: Option<&'static str>,
    /// The coach's own note by part; a part without a name is the free text.
    pub private: &'static [(&'static str, &'static str)],
    /// The shared note.
    pub shared: &'static str,
}

/// A goal, action or agreement.
pub(super) struct Item {
    pub kind: ItemKind,
    pub text: &'static str,
    pub state: ItemState,
    pub days_ago: i64,
    pub due_in: Option<i64>,
    pub by_coach: bool,
    pub for_coach: bool,
}

const fn talk(day: TalkDay, kind: TalkKind) -> Talk {
    Talk { day, kind, template: None, private: &[], shared: "" }
}

const fn goal(text: &'static str, state: ItemState, days_ago: i64) -> Item {
    Item { kind: ItemKind::Goal, text, state, days_ago, due_in: None, by_coach: false, for_coach: false }
}

const fn action(text: &'static str, state: ItemState, days_ago: i64, due_in: i64) -> Item {
    Item {
        kind: ItemKind::Action,
        text,
        state,
        days_ago,
        due_in: Some(due_in),
        by_coach: true,
        for_coach: false,
    }
}

const fn agreement(text: &'static str, days_ago: i64) -> Item {
    Item {
        kind: ItemKind::Agreement,
        text,
        state: ItemState::Open,
        days_ago,
        due_in: None,
        by_coach: true,
        for_coach: false,
    }
}

pub(super) const INTAKES: [Intake; 7] = [
    Intake {
        employee: "medewerker1@demo.example",
        words: &[
            ("question", "Wat kan ik na de balie? Wil zelf kiezen voordat er gekozen wordt."),
            (
                "situation",
                "Negen jaar burgerzaken. Zelfservice komt volgend jaar. Leidinggevende weet dat ze hier is.",
            ),
            ("wishes", "Contact met inwoners houden, maar ook iets verbeteren of uitzoeken."),
            ("route", "Interne coach."),
            (
                "why",
                "Genoeg energie, mist vooral een eerste stap. Fatima maakte dezelfde overstap. Niet Jeroen: eigen afdeling.",
            ),
        ],
    },
    Intake {
        employee: "medewerker4@demo.example",
        words: &[
            ("question", "Hoe geef ik de laatste zes jaar zin?"),
            (
                "situation",
                "Ervaren, gewaardeerd, niet ongelukkig. Afdeling heeft moeite om jonge mensen te vinden.",
            ),
            ("wishes", "Kennis overdragen, misschien een dag per week opleiden."),
            (
                "route",
                "Nog te kiezen. Tom heeft ervaring met de laatste jaren voor het pensioen; Annelies valt af (eigen afdeling).",
            ),
        ],
    },
    Intake {
        employee: "medewerker5@demo.example",
        words: &[
            ("question", "Wel of geen teamleider worden?"),
            ("wishes", "Iemand die zelf leiding geeft, en die de twijfel niet wegpraat."),
            ("route", "Interne coach. Annelies gevraagd, die heeft geen ruimte. Rachid is een goede tweede."),
        ],
    },
    Intake {
        employee: "medewerker6@demo.example",
        words: &[
            ("question", "Waar pas ik na de reorganisatie?"),
            ("situation", "Boventallig per 1 juli. Sociaal plan loopt via P&O, dat houden we gescheiden."),
            ("route", "Interne coach (Jeroen) en daarnaast een arbeidsmarktscan bij een extern bureau."),
        ],
    },
    Intake {
        employee: "medewerker7@demo.example",
        words: &[
            ("question", "Van schrijven naar adviseren."),
            ("why", "Heeft baat bij iemand die haar tegenspreekt. Fatima."),
        ],
    },
    Intake {
        employee: "medewerker8@demo.example",
        words: &[
            ("question", "Vaste uren, zonder het vak kwijt te raken."),
            ("why", "Eerst Tom gevraagd, die kende hem. Ingrid let op de balans."),
        ],
    },
    Intake {
        employee: "medewerker9@demo.example",
        words: &[
            ("question", "Weer in beweging komen na een lange tijd stilstand."),
            ("route", "Interne coach en opleidingsverzoek."),
        ],
    },
];

pub(super) const CONVERSATIONS: [Conversation; 6] = [
    Conversation {
        employee: "medewerker1@demo.example",
        talks: &[
            Talk {
                template: Some("quick"),
                private: &[
                    (
                        "words",
                        "\"Ik wil niet achter een deur verdwijnen.\" Zei ze drie keer, steeds zachter.",
                    ),
                    (
                        "insight",
                        "Ze noemt de afspraakbrief alsof het niets was. Dat was een verbetertraject van vier maanden.",
                    ),
                    ("action", "Volgende keer: laten vertellen hoe dat ging, stap voor stap."),
                    ("next", "Vragen wie er toen ja zei, en waarom."),
                ],
                shared: "Kennisgemaakt. Je vertelde wat je energie geeft: mensen helpen die vastlopen, en fouten in een \
                         werkwijze oplossen. We gaan onderzoeken welk werk die twee bij elkaar brengt.",
                ..talk(TalkDay::DaysAgo(35), TalkKind::First)
            },
            Talk {
                template: Some("starr"),
                private: &[
                    ("situation", "Klachten over de afspraakbrief, niemand voelde zich eigenaar."),
                    ("task", "Had ze niet. Nam ze."),
                    ("action", "Tien inwoners gebeld, drie versies getest, de jurist overtuigd."),
                    ("result", "Een derde minder telefoontjes."),
                    ("reflection", "Zag het zelf pas toen ik het terugvertelde. Even stil."),
                ],
                shared: "We hebben je verbetering van de afspraakbrief uit elkaar gehaald. Wat jij daar deed heet elders \
                         dienstverlening ontwerpen. Je gaat met twee mensen praten die dat als werk doen.",
                ..talk(TalkDay::DaysAgo(21), TalkKind::FollowUp)
            },
            Talk {
                private: &[(
                    "",
                    "Belde zelf. Gesprek met Dienstverlening was goed, ze mag een dag meelopen. Trots, ook een beetje bang.",
                )],
                ..talk(TalkDay::DaysAgo(8), TalkKind::Call)
            },
            talk(TalkDay::TodayIn(40), TalkKind::FollowUp),
            talk(TalkDay::DaysAgo(-15), TalkKind::FollowUp),
        ],
        items: &[
            goal(
                "Voor de zomer weet ik welk werk bij me past en wat ik daarvoor nog moet leren.",
                ItemState::Doing,
                34,
            ),
            goal("Ik durf een voorstel te doen in het teamoverleg.", ItemState::Open, 20),
            action("Koffie drinken met iemand van het team Dienstverlening", ItemState::Done, 35, -16),
            action("Een dag meelopen met de klachtenfunctionaris", ItemState::Doing, 21, 6),
            Item {
                for_coach: true,
                ..action("Sanne voorstellen aan de projectleider zelfservice", ItemState::Open, 8, 3)
            },
            action("Opschrijven wat de proef met de afspraakbrief opleverde", ItemState::Open, 8, 13),
            agreement("We zien elkaar elke twee weken, wandelend als het droog is.", 35),
            agreement(
                "Wat we bespreken blijft tussen ons. Sanne vertelt haar leidinggevende zelf hoe het gaat.",
                35,
            ),
        ],
        phase: Some(Phase::Exploration),
        status: Some(Status::OnTrack),
        needs_attention: false,
    },
    Conversation {
        employee: "medewerker7@demo.example",
        talks: &[
            Talk {
                private: &[(
                    "",
                    "Formuleert razendsnel en slikt de helft in. Vroeg wat ze had willen zeggen: lange stilte, toen een prachtig antwoord.",
                )],
                shared: "Kennisgemaakt. Je wilt aan tafel zitten als het besluit valt. We beginnen met kleine momenten \
                         waarop je iets zegt voordat iemand het vraagt.",
                ..talk(TalkDay::DaysAgo(76), TalkKind::First)
            },
            Talk {
                template: Some("grow"),
                private: &[
                    ("goal", "Eén keer per week een mening geven in een overleg met bestuurders."),
                    ("reality", "Nu: nul tot één. Wacht tot ze iets zeker weet."),
                    ("options", "Vooraf met de wethouder bellen. Een vraag stellen telt ook."),
                    ("will", "Begint dinsdag, in het kleine overleg."),
                ],
                shared: "Je hebt gevraagd waarom de ander werd gekozen. Het antwoord: zichtbaarheid, niet kwaliteit. Daar \
                         kun je iets aan doen.",
                ..talk(TalkDay::DaysAgo(48), TalkKind::FollowUp)
            },
            Talk {
                private: &[(
                    "",
                    "Ze deed het. En de wethouder kwam erop terug. Volgende stap: niet meer achteraf vragen of het goed was.",
                )],
                shared: "Je sprak de wethouder tegen en het plan werd beter. We hebben gekeken wat je deed, zodat je het \
                         nog eens kunt doen.",
                ..talk(TalkDay::DaysAgo(19), TalkKind::FollowUp)
            },
            talk(TalkDay::TodayIn(190), TalkKind::ThreeWay),
        ],
        items: &[
            goal(
                "Ik geef elke week ongevraagd mijn mening in een overleg dat ertoe doet.",
                ItemState::Doing,
                48,
            ),
            action("Vragen wat de andere kandidaat had", ItemState::Done, 76, -50),
            action("Een halve dag meekijken bij de bestuursadviseurs", ItemState::Open, 19, 10),
            agreement("Fatima zegt het hardop als Hanneke zich inhoudt.", 76),
        ],
        phase: Some(Phase::ActionPlan),
        status: Some(Status::OnTrack),
        needs_attention: false,
    },
    Conversation {
        employee: "medewerker8@demo.example",
        talks: &[
            Talk {
                private: &[("", "Moe. Eerst kijken wat er vandaag al anders kan, dan pas ander werk.")],
                shared: "Je vertelde hoe een week eruitziet. We maken eerst een lijst van wat je nu al kunt veranderen.",
                ..talk(TalkDay::DaysAgo(99), TalkKind::First)
            },
            Talk {
                private: &[(
                    "",
                    "Zegt twee keer af in één maand. Is dat de tijd of het onderwerp? Navragen.",
                )],
                shared: "Je leidinggevende wil meedenken over een rooster zonder storingsdienst. Jij vraagt wat er nodig is.",
                ..talk(TalkDay::DaysAgo(67), TalkKind::FollowUp)
            },
        ],
        items: &[
            goal("Werk met vaste uren, in of dicht bij mijn vak.", ItemState::Open, 99),
            action("Rooster bespreken met leidinggevende", ItemState::Doing, 67, -40),
        ],
        phase: Some(Phase::SelfExamination),
        status: Some(Status::Waiting),
        needs_attention: true,
    },
    Conversation {
        employee: "medewerker9@demo.example",
        talks: &[
            Talk {
                shared: "Je wilt vooruit. We hebben de afgewezen aanvraag gelezen en gezien wat eraan ontbrak: het waarom.",
                private: &[("", "Veel boosheid, terecht. Daaronder: durft niet nog een keer nee te horen.")],
                ..talk(TalkDay::DaysAgo(175), TalkKind::First)
            },
            Talk {
                shared: "Driegesprek met je leidinggevende. Afgesproken: één dag per week trainingen geven, en de opleiding \
                         tot trainer loopt via het opleidingsplan.",
                ..talk(TalkDay::DaysAgo(96), TalkKind::ThreeWay)
            },
            Talk {
                shared: "Je hebt je eerste training gegeven. Je was zenuwachtig tot de eerste vraag, daarna niet meer.",
                private: &[("", "Straalt. Afronden kan; nazorg over drie maanden voorstellen.")],
                ..talk(TalkDay::DaysAgo(30), TalkKind::FollowUp)
            },
            talk(TalkDay::DaysAgo(-6), TalkKind::Closing),
        ],
        items: &[
            goal("Ik geef trainingen als vast deel van mijn werk.", ItemState::Done, 170),
            action("Nieuwe aanvraag schrijven, met plan", ItemState::Done, 175, -140),
            action("Eerste training geven", ItemState::Done, 96, -35),
            action("Terugblik invullen voor het laatste gesprek", ItemState::Open, 30, 5),
            agreement("Over drie maanden bellen we om te horen hoe het gaat.", 30),
        ],
        phase: Some(Phase::NewWork),
        status: Some(Status::Finishing),
        needs_attention: false,
    },
    Conversation {
        employee: "medewerker10@demo.example",
        talks: &[
            Talk {
                shared: "Je kent elk adres. We zoeken wie daar iets aan heeft.",
                ..talk(TalkDay::DaysAgo(250), TalkKind::First)
            },
            Talk {
                shared: "Proef bij het team Ondermijning: twee maanden, drie dagen per week.",
                ..talk(TalkDay::DaysAgo(160), TalkKind::FollowUp)
            },
            Talk {
                shared: "Afgerond. Je proef werd een vaste plek. Wat je meeneemt: vragen staat vrij.",
                private: &[(
                    "",
                    "Mooi traject. Les voor mij: eerder de juiste tafel zoeken, dan volgt de rest.",
                )],
                template: None,
                ..talk(TalkDay::DaysAgo(26), TalkKind::Closing)
            },
        ],
        items: &[
            goal("Werk waarin mijn kennis van de stad telt.", ItemState::Done, 250),
            action("Gesprek met het team Ondermijning", ItemState::Done, 230, -200),
        ],
        phase: Some(Phase::NewWork),
        status: Some(Status::Finishing),
        needs_attention: false,
    },
    Conversation {
        employee: "medewerker11@demo.example",
        talks: &[
            Talk {
                shared: "Kennisgemaakt en de vraag scherp gekregen.",
                ..talk(TalkDay::DaysAgo(445), TalkKind::First)
            },
            Talk {
                shared: "Afgerond. Je blijft waar je bent, en nu met plezier.",
                ..talk(TalkDay::DaysAgo(212), TalkKind::Closing)
            },
        ],
        items: &[],
        phase: Some(Phase::NewWork),
        status: Some(Status::Finishing),
        needs_attention: false,
    },
];
