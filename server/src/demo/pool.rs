//! The coach pool of the demonstration: its training programme and its practice.

use automerge::AutoCommit;
use shared::domain::entry::WriteError;
use shared::domain::{practice, programme};

use super::Ids;
use super::moments::Moments;
use super::people::ADVISER;

/// Who writes in the programme, in order: the modules must be there before anybody votes.
pub(super) const PROGRAMME_AUTHORS: [&str; 8] = [
    "trainer@demo.example",
    ADVISER,
    "coach1@demo.example",
    "coach2@demo.example",
    "coach3@demo.example",
    "coach4@demo.example",
    "coach5@demo.example",
    "coach6@demo.example",
];

struct Module {
    id: &'static str,
    title: &'static str,
    days_ago: i64,
    about: &'static str,
    check_in: &'static str,
    topics: &'static [&'static str],
    /// Which coach (1 to 6) finds which topics important, as places in the list.
    votes: &'static [(u8, &'static [usize])],
    offers: &'static [(u8, &'static str)],
}

const MODULES: [Module; 4] = [
    Module {
        id: "module-1",
        title: "Luisteren naar de vraag achter de vraag",
        days_ago: 92,
        about: "Wat vraagt iemand eigenlijk? Oefenen met stilte, samenvatten en doorvragen.",
        check_in: "Waar staan we: iedereen voert nu gesprekken. Beleid: de intake blijft bij de loopbaanadviseur, dat \
                   werkt goed. Volgende keer nodig: omgaan met weerstand, en wat je wel en niet opschrijft.",
        topics: &["Stilte gebruiken", "Doorvragen zonder verhoor", "Samenvatten"],
        votes: &[(1, &[0, 1]), (2, &[1]), (3, &[0]), (4, &[1, 2]), (6, &[0, 1])],
        offers: &[(3, "Een oefening uit het maatschappelijk werk")],
    },
    Module {
        id: "module-2",
        title: "Als iemand niet wil bewegen",
        days_ago: 29,
        about: "Twijfel, weerstand en motivatie. Van overtuigen naar uitnodigen.",
        check_in: "Waar staan we: de eerste trajecten ronden af. Beleid: we willen een vast moment van nazorg. Volgende \
                   keer nodig: het driegesprek met de leidinggevende.",
        topics: &["Ambivalentie", "Weerstand als informatie", "Kleine stappen"],
        votes: &[(1, &[2]), (2, &[0, 1]), (3, &[0]), (4, &[1]), (5, &[1, 2])],
        offers: &[(1, "Mijn ervaring met proefdagen")],
    },
    Module {
        id: "module-3",
        title: "Het driegesprek",
        days_ago: -13,
        about: "Medewerker, leidinggevende en coach aan één tafel. Wie zit waar, en wie zegt wat?",
        check_in: "",
        topics: &[
            "De rol van de coach aan tafel",
            "Vertrouwelijkheid bewaken",
            "Afspraken die blijven staan",
            "Als de leidinggevende iets anders wil",
        ],
        votes: &[(1, &[1, 3]), (2, &[3]), (3, &[1, 0]), (4, &[3, 2]), (5, &[2]), (6, &[1, 3])],
        offers: &[
            (2, "Hoe het is om zelf de leidinggevende te zijn"),
            (4, "Een driegesprek naspelen dat misging"),
        ],
    },
    Module {
        id: "module-4",
        title: "Loopbanen in een stad die verandert",
        days_ago: -62,
        about: "Welk werk verdwijnt, welk werk komt? Met gasten uit drie afdelingen.",
        check_in: "",
        topics: &["Arbeidsmarkt in de regio", "Automatisering en banen", "Leren naast het werk"],
        votes: &[(2, &[1]), (6, &[1, 2])],
        offers: &[(6, "Wat data over onze eigen functies zegt")],
    },
];

pub(super) fn write_programme(
    author: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    if author == "trainer@demo.example" {
        return write_modules(doc, at);
    }
    if author == ADVISER {
        for module in MODULES.iter().filter(|module| !module.check_in.is_empty()) {
            let text = programme::ModuleText::CheckIn;
            programme::change_module(
                doc,
                module.id,
                text,
                "",
                module.check_in,
                at.days_ago(module.days_ago, 17, 0),
            )?;
        }
        let learned = "Ingebracht: een medewerker die elk gesprek verzet. Geleerd: vragen wat het gesprek in de weg \
                       zit, in plaats van een nieuwe datum.";
        let before = at.days_ago(60, 9, 0);
        programme::plan_supervision(
            doc,
            "supervision-1",
            at.days_ago(40, 15, 0),
            "Wijkcentrum Noord",
            before,
        )?;
        programme::change_learned(doc, "supervision-1", "", learned, at.days_ago(40, 17, 0))?;
        let next = at.days_ago(-20, 15, 0);
        return programme::plan_supervision(doc, "supervision-2", next, "Stadhuis, kamer 2.14", before);
    }
    let Some(number) = author.strip_prefix("coach").and_then(|rest| rest.bytes().next()).map(|it| it - b'0')
    else {
        return Ok(());
    };
    for module in &MODULES {
        for (_, topics) in module.votes.iter().filter(|(coach, _)| *coach == number) {
            for topic in *topics {
                programme::vote(doc, module.id, &topic_id(module.id, *topic), ids(author), true)?;
            }
        }
        for (_, offer) in module.offers.iter().filter(|(coach, _)| *coach == number) {
            programme::offer(doc, module.id, ids(author), offer)?;
        }
    }
    Ok(())
}

fn topic_id(module: &str, place: usize) -> String {
    format!("{module}-topic-{place}")
}

fn write_modules(doc: &mut AutoCommit, at: Moments) -> Result<(), WriteError> {
    let made = at.days_ago(120, 9, 0);
    for module in &MODULES {
        let when = at.days_ago(module.days_ago, 12, 30);
        programme::add_module(doc, module.id, module.title, Some(when), made)?;
        programme::change_module(doc, module.id, programme::ModuleText::About, "", module.about, made)?;
        for (place, topic) in module.topics.iter().enumerate() {
            programme::add_topic(doc, module.id, &topic_id(module.id, place), topic, made)?;
        }
    }
    Ok(())
}

const PAGES: [(&str, &str, &str); 4] = [
    (
        "page-1",
        "Voor wie is een loopbaangesprek?",
        "Voor iedereen die hier werkt. Je hebt eens in de vijf jaar recht op een gesprek, en eerder als er iets \
         verandert. Je komt vrijwillig en je hoeft niemand te zeggen dat je komt.",
    ),
    (
        "page-2",
        "Wat schrijven we op, en voor wie?",
        "Werkaantekeningen zijn voor de coach alleen. Gedeelde notities zijn van coach en medewerker samen. Voortgang \
         bevat geen inhoud: alleen dat en wanneer er is gesproken. Medische gegevens schrijven we nergens op.",
    ),
    (
        "page-3",
        "Het driegesprek",
        "Alleen als de medewerker het wil. Vooraf spreken coach en medewerker af wat wel en niet ter tafel komt. Het \
         verslag gaat pas naar de leidinggevende als de medewerker het goed vindt.",
    ),
    (
        "page-4",
        "Afronden en nazorg",
        "Elk traject eindigt met een gesprek waarin we terugkijken naar de cijfers van het begin. Drie maanden later \
         belt de coach nog één keer.",
    ),
];

pub(super) fn write_practice(doc: &mut AutoCommit, at: Moments) -> Result<(), WriteError> {
    for (place, (id, title, text)) in (0..).zip(PAGES) {
        let made = at.days_ago(110 - 20 * place, 16, 0);
        practice::add_page(doc, id, title, made)?;
        practice::change_text(doc, id, "", text, made)?;
    }
    Ok(())
}
