//! One ZIP with what is kept by and about a person, made on her device: a page to begin with, a page to read for each
//! document, and the document itself as it is kept.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::directory::{Directory, Document, Trajectory};
use shared::domain::kind::DocKind;
use shared::ids::{DocId, TrajectoryId, UserId};

use super::html::Html;
use super::pace::Pace;
use super::readable::{Part, Reader};
use super::zip::{Archive, file_name};
use crate::components::{document_name, input_of_day, save_bytes};
use crate::device::{Borrowed, Device, Unread, Written, written};
use crate::i18n::*;
use crate::pages::words;

/// So many documents are in memory at once.
const AT_ONCE: usize = 16;
/// The page to begin with.
const INDEX: &str = "lees-mij.html";

/// Whose data goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everything by and about the person herself, with her account and devices.
    Mine,
    /// What she holds about somebody else, for a request of that person.
    About(UserId),
}

/// How far it is: so many documents of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done.
    pub done: usize,
    /// In all.
    pub total: usize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Documents in it.
    pub documents: usize,
    /// What could not be read, by name.
    pub unread: Vec<String>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// She stopped it.
    Stopped,
    /// The device was locked, or has had no contact yet.
    NotOpen,
    /// The archive could not be made or saved; what the program says of it.
    NotSaved(String),
}

/// A document in the archive.
struct Entry {
    name: String,
    html: String,
    raw: String,
    changes: usize,
}

/// Makes it and offers it as a download.
///
/// # Errors
/// [`Failed`].
pub async fn export(
    i18n: I18nContext<Locale>,
    device: Device,
    whose: Whose,
    progress: impl Fn(Progress),
    go_on: impl Fn() -> bool,
) -> Result<Made, Failed> {
    let directory = untrack(|| device.directory()).ok_or(Failed::NotOpen)?;
    let reader = Reader { i18n, directory: &directory };
    let maker = Maker { reader, device, whose, now: device.now_ms() };
    let candidates = maker.candidates();
    let mut archive = Archive::new();
    let mut pace = Pace::new(device);
    let mut entries: Vec<Entry> = Vec::new();
    let mut unread = Vec::new();
    let total = candidates.len();
    progress(Progress { done: 0, total });
    for (batch, some) in candidates.chunks(AT_ONCE).enumerate() {
        let ids: Vec<DocId> = some.iter().map(|it| it.id).collect();
        let borrowed = device.borrow(&ids).await;
        if borrowed.len() != ids.len() {
            return Err(Failed::NotOpen);
        }
        for (place, (document, borrowed)) in some.iter().zip(borrowed).enumerate() {
            if !go_on() {
                return Err(Failed::Stopped);
            }
            match maker.whole(document, &borrowed) {
                Ok(Some(whole)) => {
                    drop(borrowed);
                    let entry = maker.add(&mut archive, document, whole, entries.len() + 1, &mut pace).await;
                    entries.push(entry.map_err(Failed::NotSaved)?);
                }
                Ok(None) => {}
                Err(why) => unread.push(maker.unread(document, why)),
            }
            progress(Progress { done: batch * AT_ONCE + place + 1, total });
            pace.keep().await;
        }
    }
    let index = maker.index(&entries, &unread);
    archive.add(INDEX, index.as_bytes(), maker.now, &mut pace).await.map_err(Failed::NotSaved)?;
    let (pieces, _) = archive.finish().map_err(Failed::NotSaved)?;
    if !save_bytes(&maker.file_name(), "application/zip", &pieces) {
        return Err(Failed::NotSaved(String::new()));
    }
    Ok(Made { documents: entries.len(), unread })
}

/// A document, taken out of memory again.
struct Whole {
    raw: Vec<u8>,
    parts: Vec<Part>,
    written: Vec<Written>,
    lost: Vec<String>,
}

struct Maker<'a> {
    reader: Reader<'a>,
    device: Device,
    whose: Whose,
    now: u64,
}

impl Maker<'_> {
    fn directory(&self) -> &Directory {
        self.reader.directory
    }

    fn trajectory(&self, id: Option<TrajectoryId>) -> Option<&Trajectory> {
        self.directory().trajectories.iter().find(|it| Some(it.id) == id)
    }

    /// Whether a document is about that person.
    fn is_about(&self, document: &Document, person: UserId) -> bool {
        match self.trajectory(document.trajectory) {
            Some(trajectory) => trajectory.employee == person,
            None => document.owner == Some(person),
        }
    }

    /// What may belong in it: whether it does can depend on who wrote in it. Those of a trajectory follow each other.
    fn candidates(&self) -> Vec<Document> {
        let mut documents: Vec<Document> = match self.whose {
            Whose::Mine => self.directory().documents.clone(),
            Whose::About(person) => {
                let about = |it: &&Document| self.is_about(it, person);
                self.directory().documents.iter().filter(about).cloned().collect()
            }
        };
        let order = |it: &Document| {
            let trajectory = self.trajectory(it.trajectory);
            (trajectory.map(|it| it.employee != self.directory().me), trajectory.map(|it| it.registered_at))
        };
        documents.sort_by_key(|it| (order(it), it.trajectory, it.kind));
        documents
    }

    /// A document whole, if it belongs in it: what is about the person, and what she wrote in herself.
    fn whole(&self, document: &Document, borrowed: &Borrowed) -> Result<Option<Whole>, Unread> {
        let me = self.directory().me;
        let is_about = match self.whose {
            Whose::Mine => self.is_about(document, me),
            Whose::About(_) => true,
        };
        let whole = borrowed.read(|doc| {
            let written = written(doc);
            if !is_about && !written.iter().any(|it| self.author(it) == Some(me)) {
                return None;
            }
            let raw = doc.save();
            Some(Whole { raw, parts: self.reader.parts(document.kind, doc), written, lost: borrowed.lost() })
        })?;
        Ok(whole)
    }

    fn author(&self, written: &Written) -> Option<UserId> {
        self.directory().devices.iter().find(|it| written.is_by(it.id)).map(|it| it.user)
    }

    fn name(&self, document: &Document) -> String {
        untrack(|| document_name(self.reader.i18n, self.device, document.id))
    }

    /// The folder of a document: one for each trajectory of somebody else.
    fn folder(&self, document: &Document) -> String {
        match self.trajectory(document.trajectory) {
            Some(it) if it.employee != self.directory().me => {
                let name = format!("{} {}", self.reader.name(it.employee), input_of_day(it.registered_at));
                format!("{}/", file_name(&name))
            }
            _ => String::new(),
        }
    }

    async fn add(
        &self,
        archive: &mut Archive,
        document: &Document,
        whole: Whole,
        number: usize,
        pace: &mut Pace,
    ) -> Result<Entry, String> {
        let name = self.name(document);
        // The number keeps apart what has the same name, on a disk that knows no capitals too.
        let file = format!("{number:03} {}", file_name(&name));
        let folder = self.folder(document);
        let changes = whole.written.iter().map(|it| it.changes).sum();
        let newest = whole.written.iter().map(|it| it.between.1).max().filter(|it| *it > 0);
        let at = newest.unwrap_or(self.now);
        let page = self.page(&name, &format!("{file}.automerge"), &whole);
        let entry = Entry {
            name,
            html: format!("{folder}{file}.html"),
            raw: format!("{folder}{file}.automerge"),
            changes,
        };
        archive.add(&entry.html, page.as_bytes(), at, pace).await?;
        archive.add(&entry.raw, &whole.raw, at, pace).await?;
        Ok(entry)
    }

    /// The page of one document.
    fn page(&self, name: &str, raw: &str, whole: &Whole) -> String {
        let i18n = self.reader.i18n;
        let mut page = Html::new(i18n.get_locale_untracked().as_str(), &capital(name));
        page.p(&t_string!(i18n, mydata.html_made, at = self.reader.moment(self.now)).to_string());
        page.h2(t_string!(i18n, mydata.html_authors));
        if whole.written.is_empty() {
            page.p(t_string!(i18n, mydata.html_nothing_written));
        } else {
            let authors = self.authors(&whole.written);
            page.list(authors.iter().map(String::as_str));
        }
        whole.parts.iter().for_each(|part| page.part(part));
        if !whole.lost.is_empty() {
            let mut part = Part { heading: t_string!(i18n, mydata.html_lost).to_owned(), ..Part::default() };
            part.lines.extend(whole.lost.iter().map(|text| (String::new(), text.clone())));
            page.part(&part);
        }
        page.link(raw, t_string!(i18n, mydata.html_raw));
        page.finish()
    }

    /// Who wrote how much of it, and when.
    fn authors(&self, written: &[Written]) -> Vec<String> {
        let i18n = self.reader.i18n;
        let mut people: BTreeMap<Option<UserId>, (usize, u64, u64)> = BTreeMap::new();
        for it in written {
            let (first, last) = it.between;
            let known = people.entry(self.author(it)).or_insert((0, first, last));
            *known = (known.0 + it.changes, known.1.min(first), known.2.max(last));
        }
        let line = |(user, (changes, first, last)): (Option<UserId>, (usize, u64, u64))| {
            let name = user.map_or_else(
                || t_string!(i18n, common.unknown_person).to_owned(),
                |user| self.reader.name(user),
            );
            let (from, to) = (self.reader.moment(first), self.reader.moment(last));
            t_string!(i18n, mydata.html_author, name = name, count = changes, from = from, to = to)
                .to_string()
        };
        people.into_iter().map(line).collect()
    }

    /// What is said of a document that could not be read.
    fn unread(&self, document: &Document, why: Unread) -> String {
        let i18n = self.reader.i18n;
        let name = self.name(document);
        match why {
            Unread::NotHere => t_string!(i18n, mydata.unread_not_here, name = name).to_string(),
            Unread::DiskFails => t_string!(i18n, mydata.unread_disk, name = name).to_string(),
            Unread::Damaged => t_string!(i18n, mydata.unread_damaged, name = name).to_string(),
        }
    }

    /// The page to begin with.
    fn index(&self, entries: &[Entry], unread: &[String]) -> String {
        let i18n = self.reader.i18n;
        let me = self.reader.name(self.directory().me);
        let title = match self.whose {
            Whose::Mine => t_string!(i18n, mydata.index_title, name = me).to_string(),
            Whose::About(person) => {
                t_string!(i18n, mydata.index_about, name = self.reader.name(person), by = me).to_string()
            }
        };
        let mut page = Html::new(i18n.get_locale_untracked().as_str(), &title);
        page.p(&t_string!(i18n, mydata.html_made, at = self.reader.moment(self.now)).to_string());
        page.p(t_string!(i18n, mydata.index_how));
        if !unread.is_empty() {
            page.h2(t_string!(i18n, mydata.index_unread));
            page.list(unread.iter().map(String::as_str));
        }
        page.h2(t_string!(i18n, mydata.index_documents));
        if entries.is_empty() {
            page.p(t_string!(i18n, mydata.index_none));
        } else {
            let link = |it: &Entry| {
                let more = t_string!(i18n, mydata.index_changes, count = it.changes).to_string();
                (it.html.clone(), capital(&it.name), more)
            };
            page.links(&entries.iter().map(link).collect::<Vec<_>>());
        }
        let trajectories: Vec<String> = self.trajectories();
        if !trajectories.is_empty() {
            page.h2(t_string!(i18n, mydata.index_trajectories));
            page.list(trajectories.iter().map(String::as_str));
        }
        if self.whose == Whose::Mine {
            self.account(&mut page);
        }
        page.h2(t_string!(i18n, mydata.index_raw));
        page.p(t_string!(i18n, mydata.index_raw_how));
        page.links(
            &entries.iter().map(|it| (it.raw.clone(), it.raw.clone(), String::new())).collect::<Vec<_>>(),
        );
        page.finish()
    }

    /// The trajectories, each with who was asked to coach.
    fn trajectories(&self) -> Vec<String> {
        let i18n = self.reader.i18n;
        let person = match self.whose {
            Whose::Mine => self.directory().me,
            Whose::About(person) => person,
        };
        let coaches = |me: UserId, it: &Trajectory| it.referrals.iter().any(|it| it.coach == me);
        let is_meant =
            |it: &&Trajectory| it.employee == person || (self.whose == Whose::Mine && coaches(person, it));
        let mut lines = Vec::new();
        for it in self.directory().trajectories.iter().filter(is_meant) {
            let (name, at) = (self.reader.name(it.employee), self.reader.moment(it.registered_at));
            let state = words::state(i18n, it.state);
            lines.push(
                t_string!(i18n, mydata.index_trajectory, name = name, at = at, state = state).to_string(),
            );
            for referral in &it.referrals {
                let (name, at) = (self.reader.name(referral.coach), self.reader.moment(referral.offered_at));
                let state = super::words::referral(i18n, referral.state);
                let words = t_string!(i18n, mydata.index_referral, name = name, at = at, state = state);
                lines.push(words);
            }
        }
        lines
    }

    /// Account, devices and requests.
    fn account(&self, page: &mut Html) {
        let i18n = self.reader.i18n;
        let directory = self.directory();
        page.h2(t_string!(i18n, mydata.index_account));
        if let Some(me) = directory.people.iter().find(|it| it.id == directory.me) {
            let roles: Vec<_> = me.roles.iter().map(|it| words::role(i18n, *it)).collect();
            page.list([&*me.name, &*me.unit, &*roles.join(", ")].into_iter().filter(|it| !it.is_empty()));
        }
        page.h2(t_string!(i18n, mydata.index_devices));
        let mine = directory.devices.iter().filter(|it| it.user == directory.me);
        let devices: Vec<String> = mine
            .map(|it| {
                let seen = it.last_seen.map(|at| self.reader.moment(at)).unwrap_or_default();
                let revoked = if it.revoked { t_string!(i18n, session.revoked) } else { "" };
                let name = it.name.as_deref().unwrap_or_default();
                [name, &*seen, revoked].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
            })
            .collect();
        page.list(devices.iter().map(String::as_str));
        let own = directory.requests.iter().filter(|it| it.person == directory.me);
        let requests: Vec<String> = own
            .map(|it| {
                let what = super::words::request(i18n, it.kind, it.scope);
                let (at, state) = (self.reader.moment(it.made_at), super::words::state(i18n, it));
                format!("{what}, {at}: {state}")
            })
            .collect();
        if !requests.is_empty() {
            page.h2(t_string!(i18n, mydata.requests_mine));
            page.list(requests.iter().map(String::as_str));
        }
    }

    fn file_name(&self) -> String {
        let day = input_of_day(self.now);
        match self.whose {
            Whose::Mine => format!("loopbaanmaat-{day}.zip"),
            Whose::About(person) => {
                format!("loopbaanmaat-{day} {}.zip", file_name(&self.reader.name(person)))
            }
        }
    }
}

/// With a capital in front, as a heading has it.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether this kind is told about in the list of what there is.
pub fn is_about_me(directory: &Directory, document: &Document) -> bool {
    let trajectory = directory.trajectories.iter().find(|it| Some(it.id) == document.trajectory);
    match trajectory {
        Some(trajectory) => trajectory.employee == directory.me,
        None => document.owner == Some(directory.me) && document.kind != DocKind::Programme,
    }
}
