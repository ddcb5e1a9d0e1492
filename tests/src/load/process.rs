//! The server as a process of its own, to be measured, stopped, starved and killed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Clock ticks a second in `/proc`, which is 100 on every Linux that there is.
const TICK: Duration = Duration::from_millis(10);

/// A running server. Dropped, it is killed.
pub struct ServerProcess {
    child: Child,
    pid: Pid,
    /// Where it listens.
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts `binary` on a data folder, on any free port, and returns once it listens.
    ///
    /// # Errors
    /// How it ended, where it did before it listened.
    pub async fn start(binary: &Path, data: &Path) -> Result<Self, ExitStatus> {
        Self::start_with(binary, data, &[]).await
    }

    /// The same with more options.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(binary: &Path, data: &Path, options: &[&str]) -> Result<Self, ExitStatus> {
        let mut child = Self::spawn_with(binary, data, options);
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, address)) = line.split_once("http://") {
                return Ok(Self { child, pid, address: address.parse().unwrap() });
            }
        }
        Err(child.wait().await.unwrap())
    }

    /// Starts `binary` and does not wait for anything.
    #[must_use]
    pub fn spawn(binary: &Path, data: &Path) -> Child {
        Self::spawn_with(binary, data, &[])
    }

    fn spawn_with(binary: &Path, data: &Path, options: &[&str]) -> Child {
        // A write over the limit of `limit_files` is to be an error, as on a full disk, and not a signal; a
        // process inherits what is ignored.
        Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
            .arg(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
            .arg(data)
            .args(options)
            .env_remove("LOOPBAANMAAT_PUBLIC_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(if std::env::var_os("DRILL_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// The server to use where none is named: `LOOPBAANMAAT_BIN`, else the one beside this program.
    #[must_use]
    pub fn binary() -> PathBuf {
        let named = std::env::var_os("LOOPBAANMAAT_BIN").map(PathBuf::from);
        named.unwrap_or_else(|| std::env::current_exe().unwrap().with_file_name("loopbaanmaat"))
    }

    /// Kills it as a power cut would end it, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and says how it ended.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().await.unwrap()
    }

    /// Holds it still, or lets it go on.
    pub fn hold(&self, still: bool) {
        self.signal(if still { Signal::STOP } else { Signal::CONT });
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// No file that it writes may grow past so many bytes; `None` takes the limit away.
    pub fn limit_files(&self, bytes: Option<u64>) {
        prlimit(Some(self.pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
    }

    /// What it has used of all processors, in steps of 10 ms.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        used(&self.proc("stat"))
    }

    /// What its workers have used, those that live.
    #[must_use]
    pub fn workers_cpu(&self) -> Duration {
        let pid = self.pid.as_raw_nonzero();
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let children = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
        let children: Vec<String> =
            children.flat_map(|it| it.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        // One that has ended in between has used nothing that counts.
        children
            .iter()
            .filter_map(|child| fs::read_to_string(format!("/proc/{child}/stat")).ok())
            .map(|it| used(&it))
            .sum()
    }

    /// Bytes of memory that it occupies now.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1_024
    }

    /// How many sockets it has, the one it listens on among them.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.pid.as_raw_nonzero())).unwrap();
        let targets = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid.as_raw_nonzero())).unwrap()
    }
}

/// What a process has used of all processors, as its `stat` says.
fn used(stat: &str) -> Duration {
    // The second field is the program's name, which may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u32>().unwrap();
    TICK * (ticks(11) + ticks(12))
}
