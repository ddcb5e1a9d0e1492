//! `loopbaanmaat user …`

use std::io::{self, BufRead as _};
use std::path::Path;

use clap::{Subcommand, ValueEnum};
use shared::domain::role::Role;
use store::StoreError;

use crate::clock::Clock;
use crate::commands::FollowUp;
use crate::commands::account_changes::{self, By, Change, Invitee};
use crate::commands::accounts::{self, AccountError, NewAccount};
use crate::commands::reset_second_factor;
use crate::identity::passwords::{self, Passwords, WeakPassword};
use crate::random;
use crate::serve::{StartError, open_existing_store, open_store};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; without --password-stdin a password is made up and printed once
    Add {
        /// The e-mail address to sign in with
        email: String,
        /// The name to show
        name: String,
        /// What somebody is besides employee; can be given more than once
        #[arg(long = "role", value_enum, value_name = "ROLE")]
        roles: Vec<RoleName>,
        /// The part of the organisation she works in
        #[arg(long, default_value = "", hide_default_value = true)]
        unit: String,
        /// The e-mail address of her own manager, who cannot be her coach or her adviser
        #[arg(long, value_name = "EMAIL")]
        manager: Option<String>,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an account whose person chooses her password herself, with a link that is printed once
    Invite {
        /// The e-mail address to sign in with
        email: String,
        /// The name to show
        name: String,
        /// What somebody is besides employee; can be given more than once
        #[arg(long = "role", value_enum, value_name = "ROLE")]
        roles: Vec<RoleName>,
        /// The part of the organisation she works in
        #[arg(long, default_value = "", hide_default_value = true)]
        unit: String,
        /// The address that people type, for the link to begin with
        #[arg(long, env = "LOOPBAANMAAT_PUBLIC_URL", value_name = "URL")]
        public_url: Option<String>,
    },
    /// List all accounts
    List,
    /// Give an account these roles and no others; everybody is an employee
    SetRoles {
        /// The e-mail address of the account
        email: String,
        /// What somebody is besides employee; can be given more than once
        #[arg(long = "role", value_enum, value_name = "ROLE")]
        roles: Vec<RoleName>,
    },
    /// Give a disabled account its access back
    Enable {
        /// The e-mail address of the account
        email: String,
    },
    /// Take all access from an account and sign it out everywhere; its documents stay
    Disable {
        /// The e-mail address of the account
        email: String,
    },
    /// Say who somebody's own manager is, who then cannot be her coach or her adviser
    SetManager {
        /// The e-mail address of the account
        email: String,
        /// The e-mail address of the manager; left out, there is none
        #[arg(value_name = "MANAGER")]
        manager: Option<String>,
    },
    /// Give an account a new password and sign it out everywhere
    ResetPassword {
        /// The e-mail address of the account
        email: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Say who somebody is at the organisation's own sign-in: whoever the provider names so signs in to this account
    LinkProvider {
        /// The e-mail address of the account
        email: String,
        /// The provider's address, as its tokens name it
        #[arg(long, env = "LOOPBAANMAAT_OIDC_ISSUER", value_name = "URL")]
        oidc_issuer: String,
        /// The subject: what the provider calls her, whatever her name and address
        subject: String,
    },
    /// Take away the second factor that somebody has lost; her password is enough until she sets up another
    ResetSecondFactor {
        /// The e-mail address of the account
        email: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleName {
    /// medewerker; everybody is
    Employee,
    /// loopbaanadviseur
    CareerAdviser,
    /// interne coach
    InternalCoach,
    /// trainer
    Trainer,
    /// leidinggevende
    LineManager,
    /// beheerder
    Administrator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Employee => Self::Employee,
            RoleName::CareerAdviser => Self::CareerAdviser,
            RoleName::InternalCoach => Self::InternalCoach,
            RoleName::Trainer => Self::Trainer,
            RoleName::LineManager => Self::LineManager,
            RoleName::Administrator => Self::Administrator,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum UserError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    #[error("cannot read the password from standard input: {0}")]
    Input(#[from] io::Error),
    #[error("the password could not be hashed")]
    Hash,
}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

pub(super) async fn run(data: &Path, command: UserCommand) -> Result<(), UserError> {
    let store = match &command {
        UserCommand::Add { .. } | UserCommand::Invite { .. } => open_store(data).await?,
        _ => open_existing_store(data).await?,
    };
    let now = Clock::System.now();
    match command {
        UserCommand::Add { email, name, roles, unit, manager, password_stdin } => {
            let chosen = Chosen::new(password_stdin, &[&email, &name, &unit])?;
            let password_hash = chosen.hash().await?;
            let roles = roles.into_iter().map(Role::from).collect();
            let mut tx = store.begin().await?;
            let account = NewAccount { email, name, unit, roles, password_hash };
            let user = accounts::add(&mut *tx, account, now).await?;
            if manager.is_some() {
                accounts::set_manager(&mut *tx, &user.email, manager.as_deref(), now).await?;
            }
            accounts::regrant_for(&mut *tx, &user).await?;
            tx.commit().await?;
            println!("{} can sign in.", user.email);
            chosen.tell();
        }
        UserCommand::List => {
            for user in store.users().await? {
                let roles = user.roles.iter().map(|it| it.code()).collect::<Vec<_>>().join(",");
                let disabled = if user.disabled { "\tdisabled" } else { "" };
                println!("{}\t{}\t{}\t{}{disabled}", user.email, user.name, roles, user.unit);
            }
        }
        UserCommand::Invite { email, name, roles, unit, public_url } => {
            let roles = roles.into_iter().map(Role::from).collect();
            let invitee = Invitee { email, name, unit, roles };
            let mut tx = store.begin().await?;
            let told = &mut FollowUp::default();
            let (user, link) = account_changes::invite(&mut *tx, By::Operator, invitee, now, told).await?;
            tx.commit().await?;
            println!("{} is invited. Link, valid for 14 days and shown only now:", user.email);
            match public_url.filter(|it| !it.is_empty()) {
                Some(url) => println!("{}", link.token.address(url.trim_end_matches('/'), link.purpose)),
                None => {
                    println!("{}", link.token.path(link.purpose));
                    println!("(behind the address of your server; give --public-url to have it in front)");
                }
            }
        }
        UserCommand::SetRoles { email, roles } => {
            let roles = Some(roles.into_iter().map(Role::from).collect());
            let change = Change { roles, ..Change::default() };
            let mut tx = store.begin().await?;
            let user = accounts::find(&mut *tx, &email).await?;
            let told = &mut FollowUp::default();
            let user = account_changes::change(&mut *tx, By::Operator, user.id, change, now, told).await?;
            tx.commit().await?;
            let roles = user.roles.iter().map(|it| it.code()).collect::<Vec<_>>().join(", ");
            println!("{} is: {roles}.", user.email);
        }
        UserCommand::Enable { email } => {
            let mut tx = store.begin().await?;
            let user = accounts::find(&mut *tx, &email).await?;
            let told = &mut FollowUp::default();
            account_changes::set_disabled(&mut *tx, By::Operator, user.id, false, now, told).await?;
            tx.commit().await?;
            println!("{} has access again.", user.email);
        }
        UserCommand::Disable { email } => {
            let mut tx = store.begin().await?;
            let user = accounts::disable(&mut *tx, &email, now).await?;
            tx.commit().await?;
            println!("{} has no access any more.", user.email);
        }
        UserCommand::SetManager { email, manager } => {
            let mut tx = store.begin().await?;
            accounts::set_manager(&mut *tx, &email, manager.as_deref(), now).await?;
            tx.commit().await?;
            match manager {
                Some(manager) => println!("{manager} is the manager of {email}."),
                None => println!("{email} has no manager here."),
            }
        }
        UserCommand::ResetPassword { email, password_stdin } => {
            let user =
                store.user_by_email(&email).await?.ok_or_else(|| AccountError::Unknown(email.clone()))?;
            let chosen = Chosen::new(password_stdin, &[&user.email, &user.name, &user.unit])?;
            let password_hash = chosen.hash().await?;
            let mut tx = store.begin().await?;
            accounts::reset_password(&mut *tx, &email, password_hash, now).await?;
            tx.commit().await?;
            println!("{email} has a new password and is signed out everywhere.");
            chosen.tell();
        }
        UserCommand::LinkProvider { email, oidc_issuer, subject } => {
            let mut tx = store.begin().await?;
            let user = accounts::link_provider(&mut *tx, &email, &oidc_issuer, &subject, now).await?;
            tx.commit().await?;
            println!("{} is who {oidc_issuer} calls {subject}.", user.email);
        }
        UserCommand::ResetSecondFactor { email } => {
            let mut tx = store.begin().await?;
            let user = reset_second_factor::by_operator(&mut *tx, &email, now).await?;
            tx.commit().await?;
            println!("{} signs in with the password alone, and is told so.", user.email);
        }
    }
    store.close().await;
    Ok(())
}

/// A password, and whether somebody still has to be told.
struct Chosen {
    password: String,
    made_up: bool,
}

impl Chosen {
    fn new(from_stdin: bool, about: &[&str]) -> Result<Self, UserError> {
        if !from_stdin {
            return Ok(Self { password: made_up(), made_up: true });
        }
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        passwords::check_strength(&password, about)?;
        Ok(Self { password, made_up: false })
    }

    async fn hash(&self) -> Result<String, UserError> {
        Passwords::new().hash(self.password.clone()).await.ok_or(UserError::Hash)
    }

    fn tell(&self) {
        if self.made_up {
            println!("Password, shown only now: {}", self.password);
        }
    }
}

/// Twenty letters and digits that are hard to mistake for each other, in groups: about a hundred bits.
fn made_up() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters: Vec<char> =
        random::fresh::<20>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
