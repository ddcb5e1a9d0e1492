//! What goes wrong, each at its own pace.

use shared::access::{Access, Relation, allowed};
use shared::domain::lifecycle::TrajectoryState;
use shared::sync::codec;
use shared::sync::device::Event;
use shared::sync::limits;

use super::agenda::{Happening, Run};
use super::commands::Command;
use super::disk::Disk;
use super::settings::Fault;
use super::wire::Conn;
use super::world::World;

/// A day, in ms.
const DAY_MS: i64 = 86_400_000;

impl World {
    /// Something goes wrong, and will again.
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.calm {
            return;
        }
        let mean =
            self.settings.faults.iter().find(|(each, _)| *each == fault).map_or(1_000, |(_, mean)| *mean);
        let wait = self.random.between(mean / 4, mean * 7 / 4);
        self.agenda.put(self.now + wait, Happening::Fault(fault));
        let now = self.now;
        self.ledger.count(fault.name());
        match fault {
            Fault::Cut => {
                if let Some(number) = self.any_conn() {
                    self.cut(number);
                }
            }
            Fault::HalfOpen => {
                if let Some(number) = self.any_conn()
                    && let Some(conn) = self.conns.get_mut(&number)
                {
                    conn.hole = true;
                }
            }
            Fault::Storm => {
                let numbers: Vec<_> = self.conns.keys().copied().collect();
                numbers.into_iter().for_each(|number| self.cut(number));
            }
            Fault::Offline => self.offline(),
            Fault::ClockJump => {
                let forth = self.random.in_thousand(500);
                let jump = if forth { DAY_MS } else { -DAY_MS };
                match self.random.below(self.devices.len() + 1).checked_sub(1) {
                    Some(device) => self.devices[device].skew += jump,
                    None => self.server.skew += jump,
                }
            }
            Fault::KillTab => {
                if let Some(run) = self.any_run() {
                    self.kill_tab(run.tab);
                    self.reopen(run.tab);
                }
            }
            Fault::KillDevice => {
                let device = self.random.below(self.devices.len());
                self.kill_device(device);
            }
            Fault::SecondTab => {
                let device = self.random.below(self.devices.len());
                let [_, second] = self.devices[device].tabs;
                if self.tabs[second].page.is_some() {
                    self.kill_tab(second);
                } else {
                    self.agenda.put(now, Happening::OpenTab(second));
                }
            }
            Fault::Farewell => self.farewell(),
            Fault::DiskError => {
                let (device, last) = (self.random.below(self.devices.len()), self.random.between(50, 4_000));
                self.devices[device].flaky_until = now + last;
            }
            Fault::Quota => {
                let (device, last) =
                    (self.random.below(self.devices.len()), self.random.between(500, 20_000));
                self.devices[device].full = true;
                self.agenda.put(now + last, Happening::Room(device));
            }
            Fault::RestoreDevice => self.restore_device(),
            Fault::KillServer => {
                let down = self.random.between(10, 5_000);
                self.kill_server(down);
            }
            Fault::StoreError => {
                self.server.storage_fails = true;
                let last = self.random.between(50, 4_000);
                self.agenda.put(now + last, Happening::StorageHeals);
            }
            Fault::DoubtfulCommit => self.server.doubtful += 1,
            Fault::RestoreServer => {
                if self.server.backup.is_some() && self.random.in_thousand(600) {
                    self.restore_server();
                } else {
                    self.back_up();
                }
            }
            Fault::DocumentFails => {
                self.server.failing = Some(self.any_paper());
                let last = self.random.between(500, 40_000);
                self.agenda.put(now + last, Happening::DocumentHeals);
            }
            Fault::SlowReader => {
                if let Some(number) = self.any_conn()
                    && let Some(conn) = self.conns.get_mut(&number)
                {
                    conn.slow_ms = 2_500;
                }
            }
            Fault::LostHint => {}
            Fault::SignOut => self.sign_out(),
            Fault::ChangeAccess | Fault::RevokeDevice | Fault::Destroy => self.decide(fault),
            Fault::Hostile => {
                let device = self.random.below(self.devices.len());
                self.agenda.put(now, Happening::Hostile(self.devices[device].id()));
            }
            Fault::Lie => {
                self.lies_left += 1;
                self.lies_in_snapshots_left += 1;
            }
            Fault::Stranger => self.agenda.put(now, Happening::Stranger),
            Fault::Snapshot => self.snapshot_log(),
            Fault::Compact => self.compact_somewhere(),
            Fault::TornWrite => {
                let device = self.random.below(self.devices.len());
                self.devices[device].torn = true;
            }
            Fault::TornCommit => self.server.torn = true,
            Fault::Presence => {
                if let Some(run) = self.any_run() {
                    let doc = self.any_paper();
                    self.feed(run, Event::Presence { doc, data: vec![1, 2, 3] });
                }
            }
        }
    }

    pub(super) fn any_conn(&mut self) -> Option<usize> {
        let at = self.random.below(self.conns.len());
        self.conns.keys().nth(at).copied()
    }

    fn any_run(&mut self) -> Option<Run> {
        let open = (0..self.tabs.len()).filter(|tab| self.tabs[*tab].page.is_some());
        let open: Vec<_> = open.collect();
        let tab = self.random.pick(&open)?;
        Some(Run { tab, run: self.tabs[tab].run })
    }

    pub(super) fn any_paper(&mut self) -> shared::ids::DocId {
        self.papers[self.random.below(self.papers.len())].doc
    }

    fn offline(&mut self) {
        let (device, last) = (self.random.below(self.devices.len()), self.random.between(100, 60_000));
        self.devices[device].online = false;
        let id = self.devices[device].id();
        for conn in self.conns.values_mut().filter(|conn| conn.device == id) {
            conn.hole = true;
        }
        self.agenda.put(self.now + last, Happening::Network(device));
    }

    /// A device has the network again; its pages may notice.
    pub(super) fn network(&mut self, device: usize) {
        self.devices[device].online = true;
        if self.random.in_thousand(600) {
            for tab in self.devices[device].tabs {
                self.feed(Run { tab, run: self.tabs[tab].run }, Event::Wake);
            }
        }
    }

    pub(super) fn reopen(&mut self, tab: usize) {
        let wait = self.random.between(10, 3_000);
        self.agenda.put(self.now + wait, Happening::OpenTab(tab));
    }

    pub(super) fn kill_device(&mut self, device: usize) {
        for tab in self.devices[device].tabs {
            if self.tabs[tab].page.is_some() {
                self.kill_tab(tab);
                self.reopen(tab);
            }
        }
    }

    fn restore_device(&mut self) {
        let device = self.random.below(self.devices.len());
        if self.devices[device].gone {
            return;
        }
        let Some(image) = self.devices[device].image.take() else {
            self.devices[device].image = Some(self.devices[device].disk.clone());
            return;
        };
        self.ledger.count("devices restored");
        self.kill_device(device);
        let tablet = &mut self.devices[device];
        tablet.disk = image;
        for tab in tablet.tabs {
            // What a tab has read so far was not of this disk.
            self.tabs[tab].run += 1;
        }
        let Disk { docs, .. } = &tablet.disk;
        tablet.saved.retain(|(doc, hash)| docs.get(doc).is_some_and(|shelf| shelf.has(hash)));
    }

    /// A page closes in good order: what waits is sent with its last breath.
    fn farewell(&mut self) {
        let Some(run) = self.any_run() else { return };
        let body = self.page(run).and_then(|page| page.machine.farewell());
        if let Some(body) = body {
            let length = body.len();
            self.require(7, length <= limits::KEEPALIVE, || format!("a farewell of {length} bytes"));
            let tablet = self.tablet(run);
            let (user, id, online) = (tablet.user, tablet.id(), tablet.online);
            let frames = codec::split(&body, limits::HTTP_MESSAGES)
                .map(|frames| frames.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            match frames {
                Ok(frames) if online && self.server.up && self.server.signed_in.contains(&id) => {
                    let mut conn = Conn::new(None, user, id, self.server_clock());
                    conn.arrived.extend(frames);
                    let number = self.connect(conn);
                    self.turn_to(number);
                }
                Ok(_) => {}
                Err(error) => self.fail(3, &format!("a farewell that cannot be read: {error}")),
            }
        }
        self.kill_tab(run.tab);
        self.reopen(run.tab);
    }

    fn sign_out(&mut self) {
        let device = self.random.below(self.devices.len());
        let id = self.devices[device].id();
        self.server.signed_in.remove(&id);
        let numbers: Vec<_> = self.conns.keys().copied().collect();
        for number in numbers {
            if let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.device == id) {
                conn.mail.signed_out = true;
                self.turn_to(number);
            }
        }
    }

    /// Somebody decides who may do what.
    fn decide(&mut self, fault: Fault) {
        if self.memory.is_writing() || !self.server.up {
            return;
        }
        match fault {
            Fault::Destroy => {
                let doc = self.any_paper();
                if self.papers.iter().filter(|paper| !paper.destroyed).count() > 1 {
                    if let Some(paper) = self.papers.iter_mut().find(|paper| paper.doc == doc) {
                        paper.destroyed = true;
                    }
                    self.command(Command::Destroy(doc));
                }
            }
            Fault::RevokeDevice => {
                let device = self.random.below(self.devices.len());
                let left =
                    self.devices.iter().filter(|it| !it.gone && !self.memory.is_revoked(it.id())).count();
                if left > 2 && self.memory.owner(self.devices[device].id()).is_some() {
                    self.command(Command::Revoke(self.devices[device].id()));
                }
            }
            _ => {
                let at = self.random.below(self.papers.len());
                let user = self.devices[self.random.below(self.devices.len())].user;
                let relation = if self.random.in_thousand(500) {
                    self.papers[at].relations.get(&user).copied().unwrap_or(Relation::Stranger)
                } else {
                    self.random.pick(&Relation::ALL).unwrap_or(Relation::Stranger)
                };
                let state = self.random.pick(&TrajectoryState::ALL).filter(|_| self.papers[at].closes);
                let state = state.filter(|state| *state != TrajectoryState::Destroyed);
                let access: Access = allowed(self.papers[at].kind, relation, state);
                self.command(Command::Access(self.papers[at].doc, user, access));
            }
        }
    }
}
