//! Every setting of every service, as the default file lists them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipeline::health::address::Address;
use pipeline::schedule::Zone;
use pipeline::secret::Secret;
use pipeline::service::{Admin, Shell};
use pipeline::settings::Span;
use problem::{Code, Problem};

use serde::Deserialize;

mod connections;
mod together;

pub use connections::Connections;

/// The shipped, commented default file *is* the default.
pub const DEFAULT: &str = include_str!("default.toml");

/// The settings file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the connection.
    pub connection: String,
    /// The folder with a file for each connection, or empty.
    pub connections_dir: PathBuf,
    /// How often a service looks whether settings or a mapping file have changed.
    pub connections_reload: Span,
    /// The time zone of the business's day.
    pub time_zone: Zone,
    /// The broker.
    pub nats: pipeline::broker::Settings,
    /// The master key.
    pub vault: pipeline::vault::Settings,
    /// Logging.
    pub log: pipeline::telemetry::Settings,
    /// Admin ports.
    pub admin: AdminPorts,
    /// Which orders are booked.
    pub scope: mapping::Scope,
    /// Bringing history in.
    pub backfill: Backfill,
    /// Counting what does not agree.
    pub drift: Drift,
    /// Where the mapping file is.
    pub mapping: MappingFile,
    /// Where the services keep what they remember of the streams.
    pub views: Views,
    /// Notes that are written on the shop's orders.
    pub comments: mapper::Comments,
    /// Adobe Commerce.
    pub commerce: Commerce,
    /// Visma.net.
    pub visma: Visma,
}

/// The admin port of each service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AdminPorts {
    /// Admin port of the service that reads Commerce.
    pub ingestor_commerce: Address,
    /// Admin port of the service that reads Visma.
    pub ingestor_visma: Address,
    /// Admin port of the service that decides.
    pub mapper: Address,
    /// Admin port of the service that writes to Visma.
    pub writer_visma: Address,
    /// Admin port of the service that writes to Commerce.
    pub writer_commerce: Address,
}

/// Bringing history in.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backfill {
    /// Documents that may wait for mapper and writer while it goes on.
    pub ahead: u64,
}

/// Counting what does not agree.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Time between counts of the orders' accounts.
    pub interval: Span,
}

/// Where the mapping file is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// Its path, relative to the settings file.
    pub file: PathBuf,
}

/// Where the services keep what they remember of the streams.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// A folder; empty for none.
    pub dir: PathBuf,
}

/// How to reach Adobe Commerce, and what is done there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commerce {
    /// REST base: of PaaS with the store code, of SaaS with the tenant.
    pub base_url: String,
    /// How requests prove who sends them.
    pub auth: CommerceAuth,
    /// OAuth 1.0a consumer key.
    pub consumer_key: String,
    /// OAuth 1.0a consumer secret.
    pub consumer_secret: Secret,
    /// OAuth 1.0a access token.
    pub access_token: Secret,
    /// OAuth 1.0a access token secret.
    pub access_token_secret: Secret,
    /// An administrator's account.
    pub admin_token: AdminToken,
    /// Adobe's identity service.
    pub ims: Ims,
    /// Limit of one call.
    pub timeout: Span,
    /// Limit of one answer.
    pub max_body_bytes: usize,
    /// Polling orders.
    pub poll: ingestor::commerce::Poll,
    /// Sweeping accounts.
    pub sweep: ingestor::commerce::Sweep,
    /// The webhook door.
    pub webhook: ingestor::commerce::Webhook,
    /// Comments on orders.
    pub comment: writer::commerce::Settings,
}

/// How requests to Commerce prove who sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommerceAuth {
    /// The signature of an integration (OAuth 1.0a).
    Oauth1,
    /// The token of an administrator's account.
    AdminToken,
    /// A token of Adobe's identity service.
    Ims,
}

/// An administrator's account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminToken {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// How long a token lives.
    pub life: Span,
    /// How long a refused login is not tried again.
    pub back_off: Span,
}

/// Adobe's identity service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ims {
    /// Token endpoint.
    pub token_url: String,
    /// Client id of the server-to-server credential.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Scopes, separated by commas.
    pub scope: String,
    /// Organisation, `…@AdobeOrg`, or empty.
    pub org_id: String,
    /// Code of the store view, or empty.
    pub store: String,
}

/// How to reach Visma.net, and what is done there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visma {
    /// API base.
    pub base_url: String,
    /// Token endpoint of Visma Connect.
    pub token_url: String,
    /// OAuth 2.0 client id.
    pub client_id: String,
    /// OAuth 2.0 client secret.
    pub client_secret: Secret,
    /// Company tenant.
    pub tenant_id: String,
    /// `ipp-company-id`, or empty.
    pub company_id: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// Limit of one call.
    pub timeout: Span,
    /// Limit of one answer.
    pub max_body_bytes: usize,
    /// How the calls of a window are shared.
    pub budget: pipeline::budget::Shares,
    /// Polling customers.
    pub poll: ingestor::visma::Poll,
    /// Looking for what polls do not show.
    pub sweep: ingestor::visma::Sweep,
    /// Creating documents.
    pub create: writer::visma::Settings,
    /// Work on documents besides creating them.
    pub documents: writer::visma::Documents,
}

impl Commerce {
    /// The shop: its address without the code of a store.
    pub fn shop(&self) -> &str {
        let url = self.base_url.trim().trim_end_matches('/');
        let shop = url.split_once("/rest/").map(|(shop, _)| shop);
        shop.or_else(|| url.strip_suffix("/rest")).unwrap_or(url)
    }
}

impl Settings {
    /// Reads the settings of the one connection that a file has.
    ///
    /// # Errors
    /// As [`Connections::load`], and `CONNECTION_NOT_NAMED` when there are several.
    pub fn load(file: Option<&Path>) -> Result<Self, Problem> {
        Connections::load(file)?.one(&[])
    }

    /// Returns what every service needs of the settings.
    pub fn shell(&self) -> Shell {
        Shell {
            nats: self.nats.clone(),
            vault: self.vault.clone(),
            log: self.log.clone(),
            reload: self.connections_reload.0,
            admin: Admin(BTreeMap::from([
                (ingestor::commerce::NAME, self.admin.ingestor_commerce.clone()),
                (ingestor::visma::NAME, self.admin.ingestor_visma.clone()),
                (mapper::NAME, self.admin.mapper.clone()),
                (writer::visma::NAME, self.admin.writer_visma.clone()),
                (writer::commerce::NAME, self.admin.writer_commerce.clone()),
            ])),
            views: (!self.views.dir.as_os_str().is_empty()).then(|| self.views.dir.clone()),
        }
    }

    /// The scope, once a go-live date stands in it.
    ///
    /// # Errors
    /// `SCOPE_NO_GO_LIVE` when none is set.
    pub fn scope(&self) -> Result<mapping::Scope, Problem> {
        if self.scope.go_live.is_none() {
            return Err(Problem::new(
                Code::ScopeNoGoLive,
                "scope.go_live is not set; without it the first start would invoice the shop's whole history",
                "set scope.go_live to the first day whose orders are to be booked, for instance \"2026-01-01\"",
            ));
        }
        Ok(self.scope.clone())
    }

    /// Refuses a secret of webhooks that can be guessed, before anything starts with it.
    ///
    /// # Errors
    /// `WEBHOOK_DOOR` when it is set and has fewer bytes than [`commerce::webhook::MIN_SECRET`].
    pub fn webhook_secret(&self) -> Result<(), Problem> {
        refuse_short(&self.commerce.webhook.secret)
    }

    /// The text of the mapping file.
    ///
    /// # Errors
    /// `MAPPING_UNREADABLE`.
    pub fn mapping_text(&self) -> Result<String, Problem> {
        std::fs::read_to_string(&self.mapping.file).map_err(|e| {
            let path = self.mapping.file.display();
            let remedy = "give its path in mapping.file; `ml-connector mapping default` prints one to start from";
            Problem::new(Code::MappingUnreadable, format!("the mapping file {path} could not be read: {e}"), remedy)
        })
    }

    /// The mapping file, read and checked.
    ///
    /// # Errors
    /// `MAPPING_UNREADABLE` and `MAPPING_INVALID`, with every fault that the file has.
    pub fn load_mapping(&self) -> Result<mapping::Mapping, Problem> {
        let path = self.mapping.file.display();
        mapping::Mapping::parse(&self.mapping_text()?).map_err(|e| {
            Problem::new(Code::MappingInvalid, format!("the mapping file {path} has faults:\n{e}"), "correct them")
        })
    }

    /// The mapping file of a service that decides by it: one without open questions, as a first file has them.
    ///
    /// # Errors
    /// As [`Settings::load_mapping`], `MAPPING_UNANSWERED` with every question, and `SETTINGS_INVALID` when it books
    /// payments and nothing tells of them.
    pub fn answered_mapping(&self) -> Result<mapping::Mapping, Problem> {
        let mapping = self.load_mapping()?;
        let questions = mapping.questions();
        let has_invoices = self.commerce.poll.entities.iter().any(|kind| kind.0 == commerce::entity::Entity::Invoice);
        if mapping.settles() && !has_invoices {
            let sentence = "the mapping file has [[payments]], and \"invoice\" is not in commerce.poll.entities: it is the \
                            shop's invoices that say what is paid, and when";
            return Err(Problem::new(
                Code::SettingsInvalid,
                sentence,
                "add it, or take [[payments]] out of the mapping file",
            ));
        }
        if questions.is_empty() {
            return Ok(mapping);
        }
        let path = self.mapping.file.display();
        let listed: String =
            questions.iter().map(|one| format!("\n  line {}: {}", one.line.unwrap_or_default(), one.told())).collect();
        let sentence = format!("the mapping file {path} has {} open questions:{listed}", questions.len());
        let remedy =
            "replace each question by the accountant's answer, or remove the rule; nothing is booked until then";
        Err(Problem::new(Code::MappingUnanswered, sentence, remedy))
    }
}

/// Refuses a secret of webhooks that is set and too short.
pub(crate) fn refuse_short(secret: &Secret) -> Result<(), Problem> {
    let (bytes, least) = (secret.expose().len(), commerce::webhook::MIN_SECRET);
    if bytes == 0 || bytes >= least {
        return Ok(());
    }
    let sentence = format!("the webhook secret has {bytes} bytes and needs at least {least} (commerce.webhook.secret)");
    let remedy = "make one with `openssl rand -hex 32`, and give it to the sender of webhooks, too";
    Err(Problem::new(Code::WebhookDoor, sentence, remedy))
}
