//! What the six coaches of the demonstration tell about themselves.

use automerge::AutoCommit;
use shared::domain::coach_profile::{
    ProfileSet, ProfileText, change_text, set_capacity, set_member, set_paused,
};
use shared::domain::entry::WriteError;

struct Profile {
    email: &'static str,
    about: &'static str,
    approach: &'static str,
    expertise: &'static [&'static str],
    languages: &'static [&'static str],
    days: &'static [&'static str],
    places: &'static [&'static str],
    capacity: u64,
    paused: bool,
}

const PROFILES: [Profile; 6] = [
    Profile {
        email: "coach1@demo.example",
        about: "Ik leid het team Wonen en coach sinds vier jaar. Zelf ging ik van de balie naar beleid, met vallen en \
                opstaan.",
        approach: "Ik werk met kleine proeven: meelopen, een gesprek, een middag iets anders doen. Daarna kijken we \
                   wat het je leerde. Wandelen kan ook.",
        expertise: &["Eerste stap zetten", "Van uitvoering naar beleid", "Zelfvertrouwen", "Netwerken"],
        languages: &["Nederlands", "Arabisch", "Engels"],
        days: &["maandag", "dinsdag", "donderdag"],
        places: &["Stadhuis", "Wandelend", "Online"],
        capacity: 4,
        paused: false,
    },
    Profile {
        email: "coach2@demo.example",
        about: "Teamleider Publiekszaken. Ik heb veel collega's begeleid van wie het werk veranderde door \
                automatisering.",
        approach: "Nuchter en praktisch. We zetten op een rij wat er verandert, wat je kunt en wat er te kiezen valt.",
        expertise: &["Werk dat verandert", "Mobiliteit na reorganisatie", "Solliciteren"],
        languages: &["Nederlands", "Fries", "Engels"],
        days: &["dinsdag", "woensdag", "vrijdag"],
        places: &["Stadskantoor", "Online"],
        capacity: 3,
        paused: false,
    },
    Profile {
        email: "coach3@demo.example",
        about: "Senior adviseur in het Sociaal Domein, van huis uit maatschappelijk werker.",
        approach: "Ik luister veel en vraag door. Eerst rust en ruimte, dan pas een plan.",
        expertise: &["Balans werk en privé", "Vastgelopen zijn", "Zingeving", "Grenzen aangeven"],
        languages: &["Nederlands", "Duits", "Engels"],
        days: &["maandag", "woensdag"],
        places: &["Wijkcentrum Noord", "Stadhuis", "Wandelend"],
        capacity: 2,
        paused: false,
    },
    Profile {
        email: "coach4@demo.example",
        about: "Opzichter en later projectleider bij Openbare Werken. Ik ken het werk buiten en de stap naar binnen.",
        approach: "Recht door zee, met humor. Ik ga graag een dag met je mee om te zien wat je doet.",
        expertise: &["Van buiten naar binnen", "Leidinggeven voor het eerst", "Leren naast je werk"],
        languages: &["Nederlands", "Tamazight", "Frans"],
        days: &["dinsdag", "donderdag", "vrijdag"],
        places: &["Gemeentewerf", "Stadhuis"],
        capacity: 3,
        paused: false,
    },
    Profile {
        email: "coach5@demo.example",
        about: "Controller en opgeleid loopbaancoach. Ik hou van cijfers, en nog meer van de mensen erachter.",
        approach: "Gestructureerd: vijf gesprekken, elke keer een opdracht. We meten vooraf en achteraf waar je staat.",
        expertise: &["Kwaliteiten in kaart", "Loopbaanplan maken", "Onderhandelen over je rol"],
        languages: &["Nederlands", "Engels"],
        days: &["woensdag", "donderdag"],
        places: &["Stadskantoor", "Online"],
        capacity: 2,
        paused: true,
    },
    Profile {
        email: "coach6@demo.example",
        about: "Informatiemanager. Kwam als zij-instromer uit het onderwijs.",
        approach: "Creatief: beelden, tijdlijnen en soms een stevige tegenvraag. Ik coach graag online.",
        expertise: &[
            "Zij-instroom",
            "Techniek en data",
            "Terug naar de schoolbank",
            "Laatste jaren voor pensioen",
        ],
        languages: &["Nederlands", "Engels", "Spaans"],
        days: &["maandag", "dinsdag", "woensdag", "donderdag"],
        places: &["Online", "Stadskantoor"],
        capacity: 3,
        paused: false,
    },
];

pub(super) fn write(coach: &str, doc: &mut AutoCommit) -> Result<(), WriteError> {
    let Some(profile) = PROFILES.iter().find(|profile| profile.email == coach) else { return Ok(()) };
    change_text(doc, ProfileText::About, "", profile.about)?;
    change_text(doc, ProfileText::Approach, "", profile.approach)?;
    let sets = [
        (ProfileSet::Expertise, profile.expertise),
        (ProfileSet::Languages, profile.languages),
        (ProfileSet::Days, profile.days),
        (ProfileSet::Places, profile.places),
    ];
    for (set, members) in sets {
        for member in members {
            set_member(doc, set, member, true)?;
        }
    }
    set_capacity(doc, Some(profile.capacity))?;
    set_paused(doc, profile.paused)
}

pub(super) fn has(coach: &str) -> bool {
    PROFILES.iter().any(|profile| profile.email == coach)
}
