//! What the employees of the demonstration filled in.

use automerge::{AutoCommit, Change, TextEncoding};
use shared::domain::entry::WriteError;
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::reflection::{
    JobField, Reflection, add_job, change_job, change_text, copy_sections, set_closing_scale, set_guidance,
    set_place, set_scale,
};
use shared::domain::reflection_form::{Guidance, Section, WHEEL};

use super::moments::Moments;
use super::people::trajectory;

struct Form {
    email: &'static str,
    texts: &'static [(&'static str, &'static str)],
    /// B1 and F2.
    scales: &'static [(&'static str, u8)],
    /// B4, in the order of [`WHEEL`].
    wheel: Option<[u8; 6]>,
    guidance: Option<Guidance>,
    /// Title, from, to, what was learned.
    jobs: &'static [[&'static str; 4]],
    /// B1, F2 and the wheel as answered at closing.
    closing: Option<(u8, u8, [u8; 6])>,
    place: Section,
}

const FORMS: [Form; 10] = [
    Form {
        email: "medewerker1@demo.example",
        texts: &[
            (
                "A1",
                "Ik werk negen jaar aan de balie. Ik doe het met plezier, maar ik merk dat ik op de klok ga kijken. Er \
                 komt een zelfservicebalie en ik weet niet wat er dan nog voor mij overblijft. Voordat anderen het \
                 voor mij bedenken, wil ik zelf weten wat ik wil.",
            ),
            (
                "A2",
                "Een richting. Het hoeft nog geen functie te zijn, als ik maar weet waar ik moet gaan kijken.",
            ),
            ("B2", "Mijn collega's zijn goud waard en ik ga zelden met buikpijn naar mijn werk."),
            (
                "B3",
                "Eén dagdeel per week iets waar ik mijn hoofd bij nodig heb. Iets uitzoeken of verbeteren.",
            ),
            (
                "C1",
                "Als iemand boos binnenkomt en lachend weggaat. En als ik een fout in een proces vind en die mag \
                 oplossen: de nieuwe afspraakbrief bijvoorbeeld, die komt van mij.",
            ),
            ("C2", "Contact met inwoners. Ik wil niet achter een deur verdwijnen."),
            ("D1", "Dat ik vier nieuwe collega's heb ingewerkt en dat ze alle vier gebleven zijn."),
            ("D2", "Voor lastige gesprekken, en om een brief leesbaar te maken."),
            ("D3", "Hoe je een voorstel schrijft dat ook echt wordt aangenomen."),
            ("E1", "Mensen die dienstverlening bedenken. En de klachtenfunctionaris: die ziet alles."),
            (
                "E2",
                "Paspoorten worden thuis bezorgd, aangiften gaan online. Aan de balie blijven de moeilijke gevallen.",
            ),
            ("F1", "Een cursus projectmatig werken gedaan, maar daarna gebeurde er niets mee."),
            ("F3", "Een kop koffie met iemand van het team Dienstverlening."),
            (
                "G1",
                "Mijn oude teamleider, die nu bij de provincie zit. En mijn zus, die stelt de goede vragen.",
            ),
            ("H3", "Iemand die me een beetje duwt, maar niet trekt. Liever lopen dan zitten."),
            ("H4", "Dinsdag en donderdag kan ik goed, na 10 uur."),
        ],
        scales: &[("B1", 6), ("F2", 5)],
        wheel: Some([5, 9, 7, 8, 4, 4]),
        guidance: Some(Guidance::Internal),
        jobs: &[
            ["Verkoopster in een boekhandel", "2008", "2013", "Luisteren naar wat iemand niet zegt."],
            ["Medewerker callcenter", "2013", "2017", "Rustig blijven, ook op maandag."],
            ["Medewerker balie burgerzaken", "2017", "", "Regels uitleggen zonder een regel te worden."],
        ],
        closing: None,
        place: Section::G,
    },
    Form {
        email: "medewerker2@demo.example",
        texts: &[
            (
                "A1",
                "Mijn knie wil niet meer wat ik wil. Ik zoek werk binnen, maar ik heb altijd buiten gewerkt.",
            ),
            ("B2", "De ploeg. We doen dit al vijftien jaar samen."),
        ],
        scales: &[("B1", 5)],
        wheel: None,
        guidance: None,
        jobs: &[],
        closing: None,
        place: Section::B,
    },
    Form {
        email: "medewerker3@demo.example",
        texts: &[
            (
                "A1",
                "Ik ben twee jaar geleden consulent geworden en ik twijfel of dit het is. Ik help graag, maar ik ben \
                 vooral bezig met registreren.",
            ),
            ("A2", "Weten of ik moet blijven en iets veranderen, of iets anders moet zoeken."),
            ("B2", "Ik leer veel en mijn leidinggevende denkt mee."),
            ("B3", "Twee gezinnen minder, en tijd om ze echt te leren kennen."),
            ("C1", "Als een gezin mij niet meer nodig heeft."),
            ("H3", "Rustig. Ik moet soms even nadenken voordat ik antwoord."),
            ("H4", "Ik werk van maandag tot en met woensdag."),
        ],
        scales: &[("B1", 6), ("F2", 4)],
        wheel: Some([6, 8, 8, 3, 6, 7]),
        guidance: Some(Guidance::Either),
        jobs: &[
            ["Groepsleider kinderopvang", "2017", "2022", "Dat een goede dag met een goede ochtend begint."],
            ["Consulent jeugd", "2024", "", ""],
        ],
        closing: None,
        place: Section::D,
    },
    Form {
        email: "medewerker4@demo.example",
        texts: &[
            (
                "A1",
                "Over zes jaar ga ik met pensioen. Ik wil die jaren niet uitzitten, maar iets overdragen.",
            ),
            ("A2", "Een idee hoe ik mijn kennis kwijt kan, en met wie ik dat moet bespreken."),
            ("B2", "Ik beheers mijn vak en krijg de ruimte."),
            ("B3", "Niet elk jaar dezelfde jaarrekening op dezelfde manier."),
            ("D1", "Dat de accountant mijn dossiers als voorbeeld gebruikt."),
            ("D2", "Als iets niet aansluit en niemand snapt waarom."),
            ("D3", "Lesgeven, denk ik. Ik heb het nooit gedaan."),
            ("H2", "Liever niet met iemand van mijn eigen afdeling."),
            ("H4", "Geen voorkeur voor dagen. Graag op papier wat we afspreken."),
        ],
        scales: &[("B1", 7), ("F2", 7)],
        wheel: Some([7, 7, 8, 8, 5, 9]),
        guidance: Some(Guidance::Internal),
        jobs: &[["Administrateur", "1994", "2006", ""], ["Financieel adviseur", "2006", "", ""]],
        closing: None,
        place: Section::H,
    },
    Form {
        email: "medewerker5@demo.example",
        texts: &[
            (
                "A1",
                "Ik ben senior applicatiebeheerder en word gevraagd als teamleider. Ik weet niet of ik dat wil of dat \
                 ik het vooral niet durf te weigeren.",
            ),
            ("A2", "Een keuze waar ik achter sta."),
            ("B2", "Het werk is afwisselend en ik word gewaardeerd."),
            ("B3", "Minder storingen in mijn vrije tijd."),
            ("F1", "Een maand waargenomen. De mensen vond ik leuk, de overleggen niet."),
            ("F3", "Praten met iemand die de stap terug heeft gezet."),
            ("H3", "Iemand die zelf leiding geeft."),
        ],
        scales: &[("B1", 7), ("F2", 6)],
        wheel: Some([8, 8, 6, 5, 7, 8]),
        guidance: Some(Guidance::Internal),
        jobs: &[],
        closing: None,
        place: Section::F,
    },
    Form {
        email: "medewerker6@demo.example",
        texts: &[
            ("A1", "Door de reorganisatie verdwijnt mijn functie als vergunningverlener in de huidige vorm."),
            ("A2", "Overzicht: wat kan ik hier nog, en wat daarbuiten?"),
            ("C1", "Een plan beter maken samen met de aanvrager."),
            ("C2", "Vakinhoud. Ik wil geen procesbewaker worden."),
            ("E1", "De energietransitie. En ik kijk wel eens naar vacatures bij de omgevingsdienst."),
            ("E2", "De Omgevingswet, en straks worden eenvoudige aanvragen automatisch getoetst."),
            ("H3", "Praktisch, met huiswerk."),
        ],
        scales: &[("B1", 5), ("F2", 6)],
        wheel: None,
        guidance: Some(Guidance::Either),
        jobs: &[
            ["Bouwkundig tekenaar", "2005", "2012", "Precies zijn."],
            ["Vergunningverlener", "2012", "", "Nee zeggen met een alternatief erbij."],
        ],
        closing: None,
        place: Section::H,
    },
    Form {
        email: "medewerker7@demo.example",
        texts: &[
            (
                "A1",
                "Ik schrijf al jaren de woorden van anderen. Ik wil weten of ik ook zelf iets te zeggen heb.",
            ),
            ("A2", "Moed, eigenlijk."),
            ("B2", "Ik ben goed in mijn werk en heb fijne collega's."),
            ("B3", "Aan tafel zitten als het besluit valt, en niet pas als het uitgelegd moet worden."),
            ("D1", "De campagne over eenzaamheid. Die kwam echt aan."),
            ("D2", "Als iets ingewikkelds in drie zinnen moet."),
            ("D3", "Tegenspreken in een kamer vol mensen die harder praten."),
            ("F1", "Twee keer intern gesolliciteerd op een adviesfunctie, twee keer tweede geworden."),
            ("F3", "Vragen wat de eerste had wat ik niet had."),
            ("H3", "Eerlijk. Ik kan er tegen."),
        ],
        scales: &[("B1", 6), ("F2", 4)],
        wheel: Some([6, 9, 6, 7, 3, 8]),
        guidance: Some(Guidance::Internal),
        jobs: &[],
        closing: None,
        place: Section::H,
    },
    Form {
        email: "medewerker8@demo.example",
        texts: &[
            (
                "A1",
                "Sinds mijn dochter er is, is de storingsdienst niet meer te doen. Ik zoek werk met vaste uren.",
            ),
            ("B2", "Het is mooi werk en ik kan het."),
            ("B3", "'s Avonds thuis zijn."),
            ("H4", "Niet op woensdag. Liefst vroeg op de dag."),
        ],
        scales: &[("B1", 4), ("F2", 5)],
        wheel: Some([8, 8, 7, 2, 5, 7]),
        guidance: Some(Guidance::Internal),
        jobs: &[],
        closing: None,
        place: Section::H,
    },
    Form {
        email: "medewerker9@demo.example",
        texts: &[
            ("A1", "Ik was ziek van het werk dat ik niet deed: ik stond stil. Nu wil ik vooruit."),
            ("A2", "Een plan met data erin."),
            ("B2", "Het salaris is goed en het is dichtbij."),
            ("B3", "Iets leren waar ik over vijf jaar nog wat aan heb."),
            ("C1", "Mensen bij elkaar brengen die elkaar nodig hebben."),
            ("C2", "Dat ik mijn kinderen naar school kan brengen."),
            ("D1", "Het buurtnetwerk in Oost, dat er nog steeds is."),
            ("D2", "Als er ruzie is."),
            ("D3", "Een training geven."),
            ("F1", "Een opleiding aangevraagd. Die is afgewezen omdat het niet bij mijn functie paste."),
            ("F3", "Opnieuw vragen, nu met een plan."),
        ],
        scales: &[("B1", 4), ("F2", 3)],
        wheel: Some([4, 7, 5, 7, 2, 6]),
        guidance: Some(Guidance::Internal),
        jobs: &[],
        closing: Some((7, 8, [8, 7, 6, 7, 8, 7])),
        place: Section::H,
    },
    Form {
        email: "medewerker10@demo.example",
        texts: &[
            ("A1", "Na twintig jaar toezicht op straat wil ik iets met wat ik gezien heb."),
            ("A2", "Of mijn ervaring ergens anders iets waard is."),
            ("B2", "Vrijheid, en de stad kennen."),
            ("B3", "Dat er iets gebeurt met wat ik meld."),
            ("D1", "Dat bewoners mij bij mijn naam kennen."),
            ("D2", "Voor de achtergrond van een adres."),
            ("H3", "Gewoon doen."),
        ],
        scales: &[("B1", 5), ("F2", 5)],
        wheel: Some([5, 7, 5, 8, 3, 6]),
        guidance: Some(Guidance::Internal),
        jobs: &[],
        closing: Some((8, 8, [8, 8, 7, 8, 7, 7])),
        place: Section::H,
    },
];

fn form(email: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.email == email)
}

pub(super) fn has_draft(employee: &str) -> bool {
    form(employee).is_some()
}

pub(super) fn write_draft(employee: &str, doc: &mut AutoCommit, at: Moments) -> Result<(), WriteError> {
    let Some(form) = form(employee) else { return Ok(()) };
    for (question, answer) in form.texts {
        change_text(doc, question, "", answer)?;
    }
    for &(scale, value) in form.scales {
        set_scale(doc, scale, Some(value))?;
    }
    for (scale, value) in WHEEL.into_iter().zip(form.wheel.into_iter().flatten()) {
        set_scale(doc, scale, Some(value))?;
    }
    set_guidance(doc, form.guidance)?;
    let began = at.days_ago(trajectory(employee).map_or(10, |it| it.registered_days_ago), 19, 30);
    for (place, job) in (0..).zip(form.jobs) {
        let id = format!("job-{place}");
        let moment = began + place;
        add_job(doc, &id, moment)?;
        for (field, words) in JobField::ALL.into_iter().zip(job) {
            change_job(doc, &id, field, "", words, moment)?;
        }
    }
    if let Some((satisfied, confident, wheel)) = form.closing {
        set_closing_scale(doc, "B1", Some(satisfied))?;
        set_closing_scale(doc, "F2", Some(confident))?;
        for (scale, value) in WHEEL.into_iter().zip(wheel) {
            set_closing_scale(doc, scale, Some(value))?;
        }
    }
    set_place(doc, form.place)
}

pub(super) fn write_shared(employee: &str, doc: &mut AutoCommit, at: Moments) -> Result<(), WriteError> {
    let Some(trajectory) = trajectory(employee) else { return Ok(()) };
    let mut draft = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let genesis = Change::from_bytes(genesis(DocKind::ReflectionDraft).data.clone());
    draft.apply_changes([genesis.map_err(|_| WriteError::NoContainer("answers"))?])?;
    write_draft(employee, &mut draft, at)?;
    let shared_at = at.days_ago(trajectory.registered_days_ago - 2, 20, 15);
    copy_sections(&Reflection::read(&draft), doc, &trajectory.shared, shared_at)
}

/// A scale as filled in: at the start and, if she came that far, at closing.
pub(super) fn scores(employee: &str) -> Option<([u8; 2], Option<[u8; 2]>)> {
    let form = form(employee)?;
    let of = |id| form.scales.iter().find(|(scale, _)| *scale == id).map(|(_, value)| *value);
    Some(([of("B1")?, of("F2")?], form.closing.map(|(satisfied, confident, _)| [satisfied, confident])))
}
