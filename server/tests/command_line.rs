//! The program from its command line: what it says, and how it ends when something is wrong.
// Test code throughout: what cannot be had ends the test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::{TempDir, tempdir};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopbaanmaat"));
    command.args(arguments).env_remove("LOOPBAANMAAT_DATA").env_remove("LOOPBAANMAAT_LISTEN");
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// It must end with an error that says this, and without a panic.
fn refused(output: &Output, says: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(says), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
}

fn folder() -> (TempDir, String) {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    (folder, data)
}

/// A running server, ended by its process id.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("Loopbaanmaat listening on http://")
            .unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.to_owned(), child }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminated(mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_teaches_its_use() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["user", "--help"], &["user", "add", "--help"]]
    {
        let output = run(arguments);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("Usage: loopbaanmaat"), "{arguments:?}");
    }
    assert!(text(&run(&["serve", "--help"]).stdout).contains("Examples:"));
}

#[test]
fn it_says_where_it_listens_serves_and_stops_when_asked() {
    let (_folder, data) = folder();
    let server = Serving::start(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(!server.address.ends_with(":0"));
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
    assert_eq!(server.terminated(), Some(0));
}

#[test]
fn the_demo_fills_an_empty_database_once() {
    let (_folder, data) = folder();
    let arguments = ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", &data];
    let server = Serving::start(&arguments);
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
    assert_eq!(server.terminated(), Some(0));
    let accounts = text(&run(&["user", "list", "--data", &data]).stdout);
    assert_eq!(accounts.lines().count(), 21);
    assert!(accounts.contains("adviseur@demo.example\t"));
    assert_eq!(Serving::start(&arguments).terminated(), Some(0));
    assert_eq!(text(&run(&["user", "list", "--data", &data]).stdout), accounts);
}

#[test]
fn the_demo_is_refused_where_others_could_reach_it_or_somebodys_data_is() {
    let (_folder, data) = folder();
    refused(&run(&["serve", "--demo", "--listen", "0.0.0.0:0", "--data", &data]), "loopback address only");
    assert!(run(&["user", "add", "anna@test.example", "Anna", "--data", &data]).status.success());
    refused(&run(&["serve", "--demo", "--listen", "127.0.0.1:0", "--data", &data]), "empty database only");
}

#[test]
fn a_public_address_must_be_known_and_safe() {
    let (_folder, data) = folder();
    let with = |url: &[&str]| run(&[&["serve", "--listen", "0.0.0.0:0", "--data", &data], url].concat());
    refused(&with(&[]), "--public-url");
    refused(&with(&["--public-url", "http://loopbaan.example"]), "https://");
    refused(&with(&["--public-url", "loopbaan"]), "not an address");
    let output = run(&["serve", "--listen", "nowhere", "--data", &data]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_port_in_use_is_told() {
    let (_folder, data) = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    refused(&run(&["serve", "--listen", &listen, "--data", &data]), "another program listens there already");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_told() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let data = folder.path().join("file/data");
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    refused(&output, data.to_str().unwrap());
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    let (_folder, data) = folder();
    fs::create_dir(&data).unwrap();
    let file = server::serve::database(Path::new(&data));
    let content = "Dit is een brief, geen database. ".repeat(200);
    fs::write(&file, &content).unwrap();
    refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", &data]), file.to_str().unwrap());
    assert_eq!(fs::read_to_string(&file).unwrap(), content);
}

#[test]
fn a_database_of_a_newer_version_is_told() {
    let (_folder, data) = folder();
    assert!(run(&["user", "add", "anna@test.example", "Anna", "--data", &data]).status.success());
    let file = server::serve::database(Path::new(&data));
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99991231000000, 'later', 1, x'00', 1)";
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        sqlx::query(newer).execute(&pool).await.unwrap();
        pool.close().await;
    });
    refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", &data]), "newer");
    refused(&run(&["user", "list", "--data", &data]), "newer");
}

#[test]
fn a_mistyped_data_folder_is_told_and_not_made() {
    let (_folder, data) = folder();
    for arguments in [
        &["user", "list"][..],
        &["user", "disable", "anna@test.example"],
        &["user", "reset-password", "anna@test.example"],
        &["quarantine", "list"],
    ] {
        refused(&run(&[arguments, &["--data", &data]].concat()), "there is no database");
        assert!(!Path::new(&data).exists(), "{arguments:?}");
    }
}

#[test]
fn a_log_that_nobody_watches_has_no_colours() {
    let (_folder, data) = folder();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
    let mut child = program(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let log = text(&child.wait_with_output().unwrap().stderr);
    assert!(log.contains(" INFO "), "{log}");
    assert!(!log.contains('\x1b'), "{log:?}");
}

#[test]
fn a_client_folder_without_a_client_is_told() {
    let (folder, data) = folder();
    let dist = folder.path().to_str().unwrap();
    refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", &data, "--dist", dist]), "index.html");
}

#[test]
fn accounts_are_made_listed_disabled_and_given_passwords() {
    let (_folder, data) = folder();
    let user = |arguments: &[&str]| run(&[&["user", "--data", &data], arguments].concat());
    let added = user(&[
        "add",
        "fatima@test.example",
        "Fatima El Amrani",
        "--role",
        "internal-coach",
        "--unit",
        "Zorg",
    ]);
    assert!(added.status.success(), "{}", text(&added.stderr));
    assert!(text(&added.stdout).contains("Password, shown only now: "));
    let list = text(&user(&["list"]).stdout);
    assert_eq!(list, "fatima@test.example\tFatima El Amrani\temployee,internal_coach\tZorg\n");

    refused(&user(&["add", "FATIMA@test.example", "Fatima"]), "already");
    refused(&user(&["add", "fatima", "Fatima"]), "not an e-mail address");
    for name in ["", "  "] {
        refused(&user(&["add", "bram@test.example", name]), "a name must not be empty");
    }
    refused(&user(&["disable", "bram@test.example"]), "no account");
    refused(&user(&["set-manager", "fatima@test.example", "bram@test.example"]), "no account");
    refused(&user(&["set-manager", "fatima@test.example", "Fatima@test.example"]), "her own manager");
    let bram = ["add", "bram@test.example", "Bram", "--manager", "fatima@test.example"];
    assert!(user(&bram).status.success());
    let managed = text(&user(&["set-manager", "fatima@test.example", "bram@test.example"]).stdout);
    assert_eq!(managed, "bram@test.example is the manager of fatima@test.example.\n");
    assert!(user(&["set-manager", "fatima@test.example"]).status.success());
    refused(&user(&["reset-password", "nobody@test.example"]), "no account");

    assert!(user(&["disable", "fatima@test.example"]).status.success());
    assert!(text(&user(&["list"]).stdout).contains("\tdisabled\n"));
}

#[test]
fn people_are_invited_given_roles_and_enabled_again() {
    let (_folder, data) = folder();
    let user = |arguments: &[&str]| run(&[&["user", "--data", &data], arguments].concat());
    let invited = user(&["invite", "noor@test.example", "Noor", "--role", "administrator"]);
    assert!(invited.status.success(), "{}", text(&invited.stderr));
    assert!(text(&invited.stdout).contains("\n/uitnodiging#"), "{}", text(&invited.stdout));
    let url = ["--public-url", "https://loopbaan.example/"];
    let invited = user(&[&["invite", "sanne@test.example", "Sanne"][..], &url].concat());
    assert!(text(&invited.stdout).contains("\nhttps://loopbaan.example/uitnodiging#"));

    assert!(user(&["set-roles", "sanne@test.example", "--role", "trainer"]).status.success());
    let list = text(&user(&["list"]).stdout);
    assert!(list.contains("sanne@test.example\tSanne\temployee,trainer\t\n"), "{list}");
    assert!(user(&["disable", "sanne@test.example"]).status.success());
    assert!(user(&["enable", "sanne@test.example"]).status.success());
    assert!(!text(&user(&["list"]).stdout).contains("disabled"));

    refused(&user(&["invite", "NOOR@test.example", "Noor"]), "already");
    refused(&user(&["invite", "noor", "Noor"]), "not an e-mail address");
    for arguments in [&["enable", "bram@test.example"][..], &["set-roles", "bram@test.example"]] {
        refused(&user(arguments), "no account");
    }
    for arguments in [&["disable", "noor@test.example"][..], &["set-roles", "noor@test.example"]] {
        refused(&user(arguments), "the last administrator");
    }
}

#[test]
fn a_mail_server_that_cannot_be_used_is_told_and_no_secret_with_it() {
    let (folder, data) = folder();
    let with = |more: &[&str]| run(&[&["serve", "--listen", "127.0.0.1:0", "--data", &data], more].concat());
    let from = ["--mail-from", "loopbaan@test.example"];
    refused(&with(&["--smtp-url", "smtps://mail.test.example"]), "--mail-from");
    refused(&with(&["--smtp-url", "mail.test.example", "--mail-from", "a@test.example"]), "not an address");
    let secret = with(&[&["--smtp-url", "smtps://anna:geheim@mail.test.example"][..], &from].concat());
    refused(&secret, "--smtp-password-file");
    assert!(!text(&secret.stderr).contains("geheim"));
    let file = folder.path().join("nothing");
    let file = file.to_str().unwrap();
    let url = ["--smtp-url", "smtps://mail.test.example", "--smtp-user", "anna"];
    refused(&with(&[&url[..], &from, &["--smtp-password-file", file]].concat()), file);
    refused(&with(&[&url[..], &from].concat()), "go together");
}

#[test]
fn a_password_that_is_easily_guessed_is_refused() {
    let (_folder, data) = folder();
    for (password, says) in [("kort", "at least 12"), ("wachtwoord1234", "guessed too easily")] {
        let mut child =
            program(&["user", "--data", &data, "add", "a@test.example", "Anna", "--password-stdin"])
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        refused(&child.wait_with_output().unwrap(), says);
    }
    assert_eq!(text(&run(&["user", "list", "--data", &data]).stdout), "");
}

/// Changes in quarantine, as a server leaves them behind: two that were refused, one of them in two documents, and one
/// that is void.
fn quarantined(data: &str) -> [String; 3] {
    for person in ["anna", "bram"] {
        let added = run(&["user", "--data", data, "add", &format!("{person}@test.example"), person]);
        assert!(added.status.success(), "{}", text(&added.stderr));
    }
    let file = server::serve::database(Path::new(data));
    let rows = "INSERT INTO quarantine (doc, hash, by, at, reason, seq, data)
                SELECT id, unhex(?1), unhex('abababababababababababababababab'), 1798675200000, 'it fell', ?2, ?3
                FROM documents ORDER BY id LIMIT ?4";
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        for (hash, seq, bytes, documents) in
            [("01", None, Some("one"), 1), ("02", None, Some("two"), 2), ("03", Some(7), None, 1)]
        {
            sqlx::query(rows)
                .bind(hash.repeat(32))
                .bind(seq)
                .bind(bytes.map(str::as_bytes))
                .bind(documents)
                .execute(&pool)
                .await
                .unwrap();
        }
        pool.close().await;
    });
    [1, 2, 3].map(|n| shared::ids::ChangeHash([n; 32]).to_string())
}

#[test]
fn what_is_in_quarantine_is_listed_shown_and_released() {
    let (folder, data) = folder();
    let quarantine = |arguments: &[&str]| run(&[&["quarantine", "--data", &data], arguments].concat());
    assert_eq!(Serving::start(&["serve", "--listen", "127.0.0.1:0", "--data", &data]).terminated(), Some(0));
    let empty = quarantine(&["list"]);
    assert_eq!((empty.status.code(), text(&empty.stdout).as_str()), (Some(0), ""));
    assert_eq!(text(&empty.stderr), "Nothing is in quarantine.\n");

    let [one, two, void] = quarantined(&data);
    let list = text(&quarantine(&["list"]).stdout);
    assert_eq!(list.lines().count(), 5);
    assert_eq!(list.lines().next(), Some("CHANGE\tDOCUMENT\tDEVICE\tPERSON\tSTANDING\tSINCE\tREASON"));
    let line = list.lines().find(|line| line.starts_with(&one)).unwrap();
    let columns: Vec<_> = line.split('\t').collect();
    assert_eq!(columns[3..], ["nobody known", "refused", "2026-12-31 00:00 UTC", "it fell"]);
    assert!(list.lines().any(|line| line.starts_with(&void) && line.contains("\tvoid, item 7\t")));

    let output = folder.path().join("change.bin");
    let shown = quarantine(&["show", &one, "--output", output.to_str().unwrap()]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let shown = text(&shown.stdout);
    for line in [
        format!("change    {one}"),
        format!("document  {}", columns[1]),
        format!("device    {}", columns[2]),
        "person    nobody known".into(),
        "since     2026-12-31 00:00 UTC".into(),
        "standing  refused".into(),
        "reason    it fell".into(),
        "bytes     3".into(),
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}: {shown}");
    }
    assert_eq!(fs::read(&output).unwrap(), b"one");
    let again = quarantine(&["show", &one, "--output", output.to_str().unwrap()]);
    refused(&again, "there is a file of that name already");
    assert_eq!(text(&again.stdout), "");
    assert_eq!(fs::read(&output).unwrap(), b"one");

    let looked_at = text(&quarantine(&["release", &one]).stdout);
    assert!(looked_at.starts_with("When it comes again it is looked at anew.\n"), "{looked_at}");
    assert!(looked_at.contains("still suspended") && looked_at.contains(&void), "{looked_at}");
    refused(&quarantine(&["release", &one]), "no change");
    assert!(text(&quarantine(&["release", &void]).stdout).contains("may write again"));

    // In two documents: which is to be said, and a wrong one is told.
    refused(&quarantine(&["release", &two]), "2 documents; say which with --document: ");
    refused(&quarantine(&["show", &two]), "--document");
    let nowhere = shared::ids::DocId([9; 16]).to_string();
    refused(&quarantine(&["release", &two, "--document", &nowhere]), "not in quarantine for that document");
    let document = list.lines().find(|line| line.starts_with(&two)).unwrap().split('\t').nth(1).unwrap();
    assert!(quarantine(&["show", &two, "--document", document]).status.success());
    assert!(quarantine(&["release", &two, "--document", document]).status.success());
    assert!(quarantine(&["release", &two]).status.success());
    assert_eq!(text(&quarantine(&["list"]).stdout), "");
}

#[test]
fn a_change_that_is_not_in_quarantine_is_told() {
    let (_folder, data) = folder();
    assert_eq!(Serving::start(&["serve", "--listen", "127.0.0.1:0", "--data", &data]).terminated(), Some(0));
    let unknown = shared::ids::ChangeHash([4; 32]).to_string();
    for what in ["show", "release"] {
        refused(&run(&["quarantine", "--data", &data, what, &unknown]), "no change");
        let output = run(&["quarantine", "--data", &data, what, "pV3Jx"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("not a change as"), "{}", text(&output.stderr));
    }
}

#[test]
fn where_there_is_no_database_none_is_made_to_look_into() {
    let (_folder, data) = folder();
    let change = shared::ids::ChangeHash([4; 32]).to_string();
    for arguments in [
        &["user", "list"][..],
        &["user", "disable", "a@test.example"],
        &["user", "reset-password", "a@test.example"],
        &["quarantine", "list"],
        &["quarantine", "show", &change],
        &["quarantine", "release", &change],
    ] {
        let output = run(&[arguments, &["--data", &data]].concat());
        refused(&output, "there is no database");
        assert_eq!(text(&output.stdout), "");
        assert!(!Path::new(&data).exists(), "{arguments:?}");
    }
}

/// Two changes of one person's device that are void, with reasons that a terminal would obey.
fn two_void(data: &str) -> [String; 2] {
    let added = run(&["user", "--data", data, "add", "bram@test.example", "Bram"]);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let file = server::serve::database(Path::new(data));
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let device = "INSERT INTO devices (id, user, public_key, name, created_at, last_seen, revoked, suspended)
                      SELECT unhex('cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd'), id, zeroblob(32), 'Laptop', 1, 1, 0, 1 FROM users";
        sqlx::query(device).execute(&pool).await.unwrap();
        for hash in ["05", "06"] {
            let row = "INSERT INTO quarantine (doc, hash, by, at, reason, seq)
                       SELECT id, unhex(?1), unhex('cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd'), 1, 'fell' || char(27) || '[2J' || char(10), 7
                       FROM documents LIMIT 1";
            sqlx::query(row).bind(hash.repeat(32)).execute(&pool).await.unwrap();
        }
        pool.close().await;
    });
    [5, 6].map(|n| shared::ids::ChangeHash([n; 32]).to_string())
}

#[test]
fn who_releases_one_of_two_is_told_that_the_device_is_still_suspended_and_by_what() {
    let (_folder, data) = folder();
    let [one, two] = two_void(&data);
    let quarantine = |arguments: &[&str]| run(&[&["quarantine", "--data", &data], arguments].concat());
    let list = text(&quarantine(&["list"]).stdout);
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(list.contains("\tBram\tvoid, item 7\t"), "{list}");
    assert!(list.contains("fell\\u{1b}[2J\\n\n"), "{list}");

    let first = text(&quarantine(&["release", &one]).stdout);
    assert!(first.contains("of Bram is still suspended"), "{first}");
    assert!(first.contains(&two) && !first.contains(&one), "{first}");
    let second = text(&quarantine(&["release", &two]).stdout);
    assert!(second.ends_with(" of Bram may write again.\n"), "{second}");
}

/// A backup of a database with an account in it.
fn backed_up(folder: &TempDir, data: &str) -> String {
    assert!(run(&["user", "add", "anna@test.example", "Anna", "--data", data]).status.success());
    let backup = folder.path().join("copy.sqlite").to_str().unwrap().to_owned();
    let made = run(&["backup", &backup, "--data", data]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    backup
}

#[test]
fn a_backup_is_whole_says_where_its_log_ends_and_is_for_this_account_alone() {
    let (folder, data) = folder();
    let server = Serving::start(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    let backup = backed_up(&folder, &data);
    let head = fs::read_to_string(format!("{backup}.head")).unwrap();
    // One after it, so that the log has gone on.
    assert!(run(&["user", "disable", "anna@test.example", "--data", &data]).status.success());
    let verified = run(&["audit", "verify", "--head", &format!("{backup}.head"), "--data", &data]);
    assert!(text(&verified.stdout).contains("is what was written"), "{}", text(&verified.stderr));
    let verified = run(&["audit", "verify", "--head", head.trim(), "--data", &data]);
    assert!(verified.status.success());
    let newest = text(&run(&["audit", "head", "--data", &data]).stdout);
    assert_ne!(newest, head);
    let csv = text(&run(&["audit", "export", "--data", &data]).stdout);
    assert!(
        csv.starts_with("seq,at,") && csv.contains("\"user_disable\"") && csv.contains("\"backup\""),
        "{csv}"
    );
    refused(&run(&["backup", &backup, "--data", &data]), "already");
    let into = folder.path().join("many");
    fs::create_dir(&into).unwrap();
    assert!(run(&["backup", into.to_str().unwrap(), "--data", &data]).status.success());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let made: Vec<_> = fs::read_dir(&into).unwrap().map(|it| it.unwrap().path()).collect();
        assert_eq!(made.len(), 2, "{made:?}");
        for file in made.iter().chain([&backup.clone().into(), &format!("{backup}.head").into()]) {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }
    assert_eq!(server.terminated(), Some(0));
}

#[test]
fn a_backup_that_does_not_fit_is_told_and_leaves_nothing() {
    let (folder, data) = folder();
    assert!(run(&["user", "add", "anna@test.example", "Anna", "--data", &data]).status.success());
    let into = folder.path().join("full");
    fs::create_dir(&into).unwrap();
    let target = into.join("copy.sqlite");
    // No file may grow past 64 KiB, and writing on is an error instead of a signal.
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_loopbaanmaat"), "backup", target.to_str().unwrap()])
        .args(["--data", &data])
        .output()
        .unwrap();
    refused(&output, "no backup was made");
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
}

#[test]
fn a_backup_is_put_back_where_no_server_runs_and_only_if_it_is_sound() {
    let (folder, data) = folder();
    let backup = backed_up(&folder, &data);
    assert!(run(&["user", "add", "bram@test.example", "Bram", "--data", &data]).status.success());
    let restore = |backup: &str| run(&["restore", backup, "--data", &data]);

    let server = Serving::start(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    refused(&restore(&backup), "a server runs on");
    assert_eq!(server.terminated(), Some(0));

    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    refused(&restore(&file("nowhere")), "nowhere");
    fs::write(file("letter"), "Dit is een brief, geen database. ".repeat(200)).unwrap();
    refused(&restore(&file("letter")), "nothing was changed");
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0x5a);
    fs::write(file("rotten"), bytes).unwrap();
    refused(&restore(&file("rotten")), "nothing was changed");

    fs::copy(&backup, file("tampered")).unwrap();
    sql(&file("tampered"), "DROP TRIGGER audit_is_not_changed; UPDATE audit SET object = 'x' WHERE seq = 1");
    refused(&restore(&file("tampered")), "row 1 ");
    fs::copy(&backup, file("cut")).unwrap();
    fs::copy(format!("{backup}.head"), file("cut.head")).unwrap();
    sql(&file("cut"), "DROP TRIGGER audit_is_not_shortened; DELETE FROM audit WHERE seq > 1");
    refused(&restore(&file("cut")), "was cut off");

    let accounts = || text(&run(&["user", "list", "--data", &data]).stdout);
    assert_eq!(accounts().lines().count(), 2);
    let restored = restore(&backup);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_eq!(accounts().lines().count(), 1);
    assert!(run(&["audit", "verify", "--head", &format!("{backup}.head"), "--data", &data]).status.success());
    let names: Vec<String> =
        fs::read_dir(&data).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("replaced-")), "{names:?}");
    assert!(!names.iter().any(|name| name == "restoring"), "{names:?}");
    let despite = run(&["restore", &file("tampered"), "--despite-the-audit-log", "--data", &data]);
    assert!(text(&despite.stdout).contains("NOT what was written"), "{}", text(&despite.stderr));
}

/// Says something to a database behind the program's back.
fn sql(file: &str, statement: &'static str) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{file}")).await.unwrap();
        sqlx::raw_sql(statement).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

#[test]
fn nothing_is_destroyed_before_its_time_where_people_are_real() {
    let (_folder, data) = folder();
    assert!(run(&["user", "add", "anna@test.example", "Anna", "--data", &data]).status.success());
    refused(&run(&["retention", "run", "--days-ahead", "400", "--data", &data]), "before its time");
    assert!(text(&run(&["retention", "run", "--data", &data]).stdout).contains("Destroyed: 0."));
    assert!(text(&run(&["retention", "list", "--data", &data]).stdout).contains("working_notes\t3_months"));
}
