//! `loopbaanmaat quarantine …`

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use shared::ids::{ChangeHash, DeviceId, DocId};
use store::{Quarantined, SharedStore, StoreError};

use crate::clock::{Clock, moment};
use crate::serve::{StartError, open_existing_store};

#[derive(Debug, Subcommand)]
pub(super) enum QuarantineCommand {
    /// List what is in quarantine, the newest first
    List,
    /// Say everything about one change, and write it to a file if asked
    Show {
        /// The change, as `list` writes it
        #[arg(value_parser = change_hash, allow_hyphen_values = true)]
        change: ChangeHash,
        /// Write the change to this file, to be looked at elsewhere. Do not open it with automerge
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Of which document, where it was pushed to several
        #[arg(long, value_name = "DOCUMENT", value_parser = document, allow_hyphen_values = true)]
        document: Option<DocId>,
    },
    /// Take a change out of quarantine: one that was refused is looked at anew when it comes again; the device that
    /// wrote one that is void may write again. What is void stays so
    Release {
        /// The change, as `list` writes it
        #[arg(value_parser = change_hash, allow_hyphen_values = true)]
        change: ChangeHash,
        /// Of which document, where it was pushed to several
        #[arg(long, value_name = "DOCUMENT", value_parser = document, allow_hyphen_values = true)]
        document: Option<DocId>,
    },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum QuarantineError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no change {0} is in quarantine; `loopbaanmaat quarantine list` says which are")]
    Unknown(ChangeHash),
    #[error("change {change} is not in quarantine for that document, but for {}", names(docs))]
    Elsewhere { change: ChangeHash, docs: Vec<DocId> },
    #[error("change {change} is in quarantine for {} documents; say which with --document: {}", docs.len(), names(docs))]
    Ambiguous { change: ChangeHash, docs: Vec<DocId> },
    #[error("cannot write {}: {}", path.display(), write_advice(.error))]
    Output { path: PathBuf, error: io::Error },
}

fn change_hash(text: &str) -> Result<ChangeHash, String> {
    text.parse().map_err(|_| "not a change as `loopbaanmaat quarantine list` writes it".to_owned())
}

fn document(text: &str) -> Result<DocId, String> {
    text.parse().map_err(|_| "not a document as `loopbaanmaat quarantine list` writes it".to_owned())
}

fn names(docs: &[DocId]) -> String {
    docs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The one that is meant.
async fn find(
    store: &SharedStore,
    change: ChangeHash,
    document: Option<DocId>,
) -> Result<Quarantined, QuarantineError> {
    let mut kept = store.quarantined_change(change).await?;
    let docs: Vec<DocId> = kept.iter().map(|it| it.doc).collect();
    if docs.is_empty() {
        return Err(QuarantineError::Unknown(change));
    }
    kept.retain(|it| document.is_none_or(|document| it.doc == document));
    match (kept.pop(), kept.is_empty()) {
        (Some(it), true) => Ok(it),
        (None, _) => Err(QuarantineError::Elsewhere { change, docs }),
        (Some(_), false) => Err(QuarantineError::Ambiguous { change, docs }),
    }
}

pub(super) async fn run(data: &Path, command: QuarantineCommand) -> Result<(), QuarantineError> {
    let store = open_existing_store(data).await?;
    match command {
        QuarantineCommand::List => {
            let kept = store.quarantined().await?;
            if kept.is_empty() {
                // Not on standard output: a program that reads it finds no lines.
                eprintln!("Nothing is in quarantine.");
            }
            if !kept.is_empty() {
                println!("CHANGE\tDOCUMENT\tDEVICE\tPERSON\tSTANDING\tSINCE\tREASON");
            }
            let people = people(&store, &kept).await?;
            for it in kept {
                println!(
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    it.hash,
                    it.doc,
                    it.by,
                    person(&people, it.by),
                    standing(&it),
                    moment(it.at),
                    printable(&it.reason)
                );
            }
        }
        QuarantineCommand::Show { change, output, document } => {
            let it = find(&store, change, document).await?;
            let data = it.data.clone().unwrap_or_default();
            let people = people(&store, std::slice::from_ref(&it)).await?;
            if let Some(path) = output {
                write_new(&path, &data).map_err(|error| QuarantineError::Output { path, error })?;
            }
            println!("change    {}", it.hash);
            println!("document  {}", it.doc);
            println!("device    {}", it.by);
            println!("person    {}", person(&people, it.by));
            println!("since     {}", moment(it.at));
            println!("standing  {}", standing(&it));
            println!("reason    {}", printable(&it.reason));
            println!("bytes     {}", data.len());
        }
        QuarantineCommand::Release { change, document } => {
            let it = find(&store, change, document).await?;
            store
                .release(it.doc, change, Clock::System.now())
                .await?
                .ok_or(QuarantineError::Unknown(change))?;
            if it.seq.is_none() {
                println!("When it comes again it is looked at anew.");
            }
            let people = people(&store, std::slice::from_ref(&it)).await?;
            let open =
                store.quarantined().await?.into_iter().filter(|left| left.by == it.by && left.seq.is_some());
            tell_standing(&it, &person(&people, it.by), &open.collect::<Vec<_>>());
        }
    }
    store.close().await;
    Ok(())
}

/// Whether the device may write again, and what else of it is still to be looked at.
fn tell_standing(released: &Quarantined, person: &str, open: &[Quarantined]) {
    let device = released.by;
    match (open.is_empty(), released.seq) {
        (true, None) => {}
        (true, Some(_)) => println!("Device {device} of {person} may write again."),
        (false, _) => {
            println!("Device {device} of {person} is still suspended. Void of it, and to be released too:");
            for it in open {
                println!("{}\tdocument {}", it.hash, it.doc);
            }
        }
    }
}

/// The names of those whose devices these are.
async fn people(
    store: &SharedStore,
    kept: &[Quarantined],
) -> Result<HashMap<DeviceId, String>, QuarantineError> {
    let devices: Vec<DeviceId> = kept.iter().map(|it| it.by).collect();
    let mut names = HashMap::new();
    for device in store.devices(&devices).await? {
        if let Some(user) = store.user(device.user).await? {
            names.insert(device.id, printable(&user.name));
        }
    }
    Ok(names)
}

fn person(people: &HashMap<DeviceId, String>, device: DeviceId) -> String {
    people.get(&device).map_or_else(|| "nobody known".to_owned(), Clone::clone)
}

/// On one line and in one column, whatever is in it, and nothing in it that a terminal obeys.
fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for each in text.chars() {
        if each.is_control() {
            line.extend(each.escape_default());
        } else {
            line.push(each);
        }
    }
    line
}

fn write_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            "there is a file of that name already; it is left as it is".to_owned()
        }
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        io::ErrorKind::PermissionDenied => "this is not permitted there".to_owned(),
        _ => error.to_string(),
    }
}

fn standing(it: &Quarantined) -> String {
    match it.seq {
        None => "refused".to_owned(),
        Some(seq) => format!("void, item {seq}"),
    }
}

/// What people wrote is for the operator's eyes alone, and overwrites nothing.
fn write_new(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(data)
}
