//! Who there is: from the server where it is in reach, and else what the directory on this device says.

use leptos::prelude::*;
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};

use crate::device::{Connection, Device};
use crate::session::CallError;
use crate::session::accounts::{self, Account};

/// What is known of an account beyond the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The address she signs in with.
    pub email: String,
    /// Her own manager.
    pub manager: Option<UserId>,
    /// Whether she signs in at the organisation's provider.
    pub at_provider: bool,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Whether she has chosen a password.
    pub active: bool,
    /// When her invitation ends or has ended.
    pub invited_until: Option<u64>,
    /// When she asked for a new password.
    pub asked_for_password: Option<u64>,
}

/// A device of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HerDevice {
    /// Which.
    pub id: DeviceId,
    /// What she calls it, if that is known.
    pub name: Option<String>,
    /// When it was last here, if that is known.
    pub last_seen: Option<u64>,
}

/// Somebody in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub id: UserId,
    /// Her name.
    pub name: String,
    /// Her part of the organisation.
    pub unit: String,
    /// Her roles.
    pub roles: Vec<Role>,
    /// Her devices that are not revoked.
    pub devices: Vec<HerDevice>,
    /// What only the server tells.
    pub known: Option<Known>,
}

impl Row {
    /// When any device of hers was last here.
    pub fn last_seen(&self) -> Option<u64> {
        self.devices.iter().filter_map(|it| it.last_seen).max()
    }
}

impl From<Account> for Row {
    fn from(account: Account) -> Self {
        let Account {
            id,
            email,
            name,
            unit,
            roles,
            manager,
            at_provider,
            disabled,
            active,
            invited_until,
            asked_for_password,
            devices,
        } = account;
        let hers = devices.into_iter().filter(|it| !it.revoked);
        let devices = hers.map(|it| HerDevice {
            id: it.id,
            name: Some(it.name).filter(|it| !it.is_empty()),
            last_seen: Some(it.last_seen),
        });
        let known =
            Some(Known { email, manager, at_provider, disabled, active, invited_until, asked_for_password });
        Self { id, name, unit, roles, devices: devices.collect(), known }
    }
}

/// Who there is. `Copy`, for one page.
#[derive(Clone, Copy)]
pub struct Roster {
    device: Device,
    fetched: RwSignal<Option<Vec<Account>>>,
    failed: RwSignal<Option<CallError>>,
}

impl Roster {
    /// Asks now, and again whenever there is a connection or the directory has changed.
    pub fn start() -> Self {
        let device = expect_context::<Device>();
        let roster = Self { device, fetched: RwSignal::new(None), failed: RwSignal::new(None) };
        let online = Memo::new(move |_| device.connection() == Connection::Online);
        let version = Memo::new(move |_| device.directory().map(|it| it.version.clone()));
        Effect::new(move |_| {
            version.track();
            if online.get() {
                roster.refresh();
            }
        });
        roster
    }

    /// Asks again.
    pub fn refresh(self) {
        leptos::task::spawn_local(async move {
            match accounts::list().await {
                Ok(found) => {
                    self.fetched.try_set(Some(found.accounts));
                    self.failed.try_set(None);
                }
                Err(error) => {
                    self.failed.try_set(Some(error));
                }
            }
        });
    }

    /// Whether nothing can be changed just now. Tracked.
    pub fn is_offline(self) -> bool {
        self.device.connection() != Connection::Online
            || self.failed.with(|failed| *failed == Some(CallError::Offline))
    }

    /// Everybody, by name. Tracked.
    pub fn rows(self) -> Vec<Row> {
        if let Some(accounts) = self.fetched.get() {
            return accounts.into_iter().map(Row::from).collect();
        }
        let Some(directory) = self.device.directory() else { return Vec::new() };
        let devices = |user: UserId| {
            let hers = directory.devices.iter().filter(|it| it.user == user && !it.revoked);
            hers.map(|it| HerDevice { id: it.id, name: it.name.clone(), last_seen: it.last_seen }).collect()
        };
        let row = |person: &shared::domain::directory::Person| Row {
            id: person.id,
            name: person.name.clone(),
            unit: person.unit.clone(),
            roles: person.roles.clone(),
            devices: devices(person.id),
            known: None,
        };
        let mut rows: Vec<Row> = directory.people.iter().map(row).collect();
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        rows
    }

    /// Whoever looks at this. Tracked.
    pub fn me(self) -> Option<UserId> {
        Some(self.device.directory()?.me)
    }
}
