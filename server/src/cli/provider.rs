//! What `loopbaanmaat serve` is told of the organisation's own sign-in.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use openidconnect::{ClientId, ClientSecret};
use shared::domain::role::Role;

use super::user::RoleName;
use crate::config::ConfigError;
use crate::identity::provider::ProviderSettings;
use crate::serve::StartError;

#[derive(Debug, Args)]
#[command(next_help_heading = "The organisation's own sign-in (OpenID Connect)")]
pub(super) struct ProviderArgs {
    /// The provider's address, as its tokens name it; without it people sign in with a password
    #[arg(long, env = "LOOPBAANMAAT_OIDC_ISSUER", value_name = "URL", requires = "oidc_client_id")]
    oidc_issuer: Option<String>,
    /// Our name at the provider
    #[arg(long, env = "LOOPBAANMAAT_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    oidc_client_id: Option<String>,
    /// A file with our secret at the provider
    #[arg(long, env = "LOOPBAANMAAT_OIDC_CLIENT_SECRET_FILE", value_name = "FILE", requires = "oidc_issuer")]
    oidc_client_secret_file: Option<PathBuf>,
    /// What is asked for besides openid
    #[arg(
        long,
        env = "LOOPBAANMAAT_OIDC_SCOPES",
        value_name = "SCOPES",
        value_delimiter = ' ',
        default_value = "profile email"
    )]
    oidc_scopes: Vec<String>,
    /// What the button at the door says
    #[arg(
        long,
        env = "LOOPBAANMAAT_OIDC_LABEL",
        value_name = "TEXT",
        default_value = "Aanmelden via je organisatie"
    )]
    oidc_label: String,
    /// The claim that roles follow from
    #[arg(long, env = "LOOPBAANMAAT_OIDC_ROLES_CLAIM", value_name = "NAME", default_value = "roles")]
    oidc_roles_claim: String,
    /// Which role follows from which value of that claim, like coaches=internal-coach; can be given more than once.
    /// With any of these, nobody who comes by the provider has roles but those
    #[arg(
        long = "oidc-role",
        env = "LOOPBAANMAAT_OIDC_ROLES",
        value_name = "VALUE=ROLE",
        value_delimiter = ',',
        value_parser = mapping
    )]
    oidc_roles: Vec<(String, Role)>,
    /// Give an account to everybody whom the provider lets in and who has none
    #[arg(long, env = "LOOPBAANMAAT_OIDC_NEW_ACCOUNTS", requires = "oidc_issuer")]
    oidc_new_accounts: bool,
}

impl ProviderArgs {
    pub(super) fn settings(self) -> Result<Option<ProviderSettings>, StartError> {
        let given = |text: Option<String>| text.filter(|it| !it.is_empty());
        let (Some(issuer), Some(client_id)) = (given(self.oidc_issuer), given(self.oidc_client_id)) else {
            return Ok(None);
        };
        let secret = self
            .oidc_client_secret_file
            .map(|file| fs::read_to_string(&file).map_err(|error| StartError::Secret { file, error }));
        let issuer = ProviderSettings::issuer(&issuer).map_err(ConfigError::from)?;
        Ok(Some(ProviderSettings {
            issuer,
            client_id: ClientId::new(client_id),
            client_secret: secret.transpose()?.map(|it| ClientSecret::new(it.trim().to_owned())),
            scopes: self.oidc_scopes.into_iter().filter(|it| !it.is_empty()).collect(),
            label: self.oidc_label,
            roles_claim: self.oidc_roles_claim,
            roles: self.oidc_roles,
            new_accounts: self.oidc_new_accounts,
        }))
    }
}

fn mapping(text: &str) -> Result<(String, Role), String> {
    let (value, role) = text.rsplit_once('=').ok_or("write it like coaches=internal-coach")?;
    let role = RoleName::from_str(role, false)?;
    Ok((value.to_owned(), role.into()))
}
