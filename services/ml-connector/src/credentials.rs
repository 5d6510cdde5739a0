//! `ml-connector credentials`: the API credentials and the secret of webhooks, encrypted in the vault.
//!
//! Secrets come from standard input, line by line or asked for one by one, and never from the command line, which every
//! user of the machine can read.

mod input;
mod trial;

use anyhow::Context as _;
use comfy_table::{Table, presets};
use jiff::{SignedDuration, Timestamp};
use operator::table::told;
use pipeline::broker;
use pipeline::health::Health;
use pipeline::service::{self, Context};
use pipeline::vault::credentials::{Credentials, Fields, Set, Stored};
use problem::{Code, Problem};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::cli::{CredentialsVerb, Keeping};
use crate::run::{print, say};
use crate::settings::{CommerceAuth, Settings};
use crate::vendors;
use crate::vendors::kept::{self, Field, fill_commerce, fill_visma, fill_webhook, unreadable};

/// Carries out a verb on credentials.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: &Settings, verb: CredentialsVerb, json: bool) -> anyhow::Result<()> {
    let desk = Desk::open(settings, json).await?;
    match verb {
        CredentialsVerb::Set { whose, by } => desk.set(whose, by).await,
        CredentialsVerb::List => desk.list().await,
        CredentialsVerb::Test { whose } => desk.test(whose).await,
        CredentialsVerb::Rotate { whose, overlap, by } => desk.rotate(whose, overlap.0, by).await,
        CredentialsVerb::Remove { whose, apply } => desk.remove(whose, apply).await,
    }
}

/// All whose credentials are kept.
const ALL: [Keeping; 3] = [Keeping::Visma, Keeping::Commerce, Keeping::Webhook];

struct Desk<'a> {
    settings: &'a Settings,
    json: bool,
    context: Context,
    store: Credentials,
}

/// Connects to the broker and opens the vault, for an operator's verb.
///
/// # Errors
/// When the broker is away, or the vault cannot be opened.
pub(crate) async fn context(settings: &Settings, name: &'static str) -> Result<Context, Problem> {
    service::crypto_provider();
    let health = Health::default();
    let broker = broker::connect(&settings.nats, name, &health).await?;
    let vault = service::open_vault(&broker, &settings.vault).await?;
    let (connection, stop, span) = (settings.connection.clone(), CancellationToken::new(), tracing::Span::none());
    Ok(Context { name, connection, broker, vault, health, views: None, stop, span })
}

impl<'a> Desk<'a> {
    async fn open(settings: &'a Settings, json: bool) -> Result<Self, Problem> {
        let context = context(settings, "credentials").await?;
        let store = Credentials::open(&context.broker, &context.vault, &context.connection).await?;
        Ok(Self { settings, json, context, store })
    }

    async fn read(&self, vendor: Keeping) -> Result<(Option<Stored>, u64), Problem> {
        self.store.read(vendor.name()).await.map_err(|e| unreadable(vendor.name(), &e))
    }

    async fn write(&self, vendor: Keeping, stored: &Stored, revision: u64) -> anyhow::Result<()> {
        let what = format!("storing the credentials of {}: nothing was changed", vendor.name());
        self.store.write(vendor.name(), stored, revision).await.context(what)
    }

    async fn set(&self, vendor: Keeping, by: Option<String>) -> anyhow::Result<()> {
        let (stored, revision) = self.read(vendor).await?;
        if let Some(stored) = stored {
            let remedy = "replace them with `ml-connector credentials rotate`, which tests the new ones first";
            let sentence =
                format!("there are credentials of {} already, stored by {}", vendor.name(), stored.current.by);
            return Err(Problem::new(Code::CredentialsStand, sentence, remedy).into());
        }
        let own = self.own(vendor, &Fields::default());
        let fields = input::read(&self.asked_for(vendor, &own), all(vendor), &Fields::default())?;
        self.complete(vendor, &fields)?;
        if fields.names().next().is_none() {
            return Err(input::wrong("there is none").into());
        }
        if vendor == Keeping::Webhook {
            trial::secret(&fields)?;
        }
        let current = Set { fields, by: input::person(by)?, at: Timestamp::now() };
        self.write(vendor, &Stored { current: current.clone(), previous: None }, revision).await?;
        self.say_kept(vendor, &current)
    }

    async fn rotate(&self, vendor: Keeping, overlap: std::time::Duration, by: Option<String>) -> anyhow::Result<()> {
        let (stored, revision) = self.read(vendor).await?;
        let Some(old) = stored.map(|stored| stored.current) else { return Err(none(vendor).into()) };
        let own = self.own(vendor, &old.fields);
        let fields = input::read(&self.asked_for(vendor, &own), all(vendor), &old.fields)?;
        self.complete(vendor, &fields)?;
        if self.store.fingerprint(&fields) == self.store.fingerprint(&old.fields) {
            return say("identical to the current credentials; nothing was changed", self.json);
        }
        // The sender of webhooks does not know the new secret yet, and our port only once it is stored.
        let found = match vendor {
            Keeping::Webhook => trial::secret(&fields)?,
            Keeping::Visma | Keeping::Commerce => trial::these(self.settings, vendor, &fields, &self.context).await?,
        };
        let current = Set { fields, by: input::person(by)?, at: Timestamp::now() };
        let until = current.at + SignedDuration::try_from(overlap).unwrap_or(SignedDuration::MAX);
        let stored = Stored { current: current.clone(), previous: (!overlap.is_zero()).then_some((old, until)) };
        self.write(vendor, &stored, revision).await?;
        say(&format!("tested: {found}"), self.json)?;
        self.say_kept(vendor, &current)
    }

    fn say_kept(&self, vendor: Keeping, set: &Set) -> anyhow::Result<()> {
        let names: Vec<&str> = set.fields.names().collect();
        let fingerprint = self.store.fingerprint(&set.fields);
        say(&format!("{}: stored {}; fingerprint {fingerprint}", vendor.name(), names.join(", ")), self.json)?;
        for own in self.own(vendor, &set.fields).into_iter().filter(|own| names.contains(own)) {
            let section = if vendor == Keeping::Webhook { "commerce.webhook" } else { vendor.name() };
            let key = format!("{section}.{own}");
            say(
                &format!("note: {key} is also set in the settings file or the environment, which override"),
                self.json,
            )?;
        }
        if vendor == Keeping::Visma && self.settings.visma.company_id.is_empty() {
            let said = "note: visma.company_id is not set. Only an older tenant with several companies needs it; \
                        `ml-connector ping visma` shows which company is used";
            say(said, self.json)?;
        }
        Ok(())
    }

    async fn list(&self) -> anyhow::Result<()> {
        let mut table = Table::new();
        let zone = &self.settings.time_zone.0;
        let at_of = |at: Timestamp| if self.json { at.to_string() } else { told(at, zone) };
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "credentials",
            "stored",
            "by",
            "since",
            "fingerprint",
            "previous valid until",
            "overridden in settings",
        ]);
        for vendor in ALL {
            let (stored, _) = self.read(vendor).await?;
            let fields = stored.as_ref().map(|stored| stored.current.fields.clone()).unwrap_or_default();
            let own = self.own(vendor, &fields);
            let kept: Vec<&str> = fields.names().collect();
            let before = stored.as_ref().and_then(|stored| stored.previous.as_ref()).map(|(_, until)| *until);
            let before = before.filter(|until| *until > Timestamp::now()).map(at_of);
            let current = stored.as_ref().map(|stored| &stored.current);
            let fingerprint = current.map(|set| self.store.fingerprint(&set.fields));
            let (by, at) = current.map(|set| (set.by.clone(), at_of(set.at))).unzip();
            if self.json {
                let line = json!({
                    "vendor": vendor.name(), "kept": kept, "by": by, "since": at, "fingerprint": fingerprint,
                    "before_until": before, "settings_win": own,
                });
                print(&format!("{line}\n"))?;
                continue;
            }
            let cell = |text: Option<String>| text.unwrap_or_default();
            let (kept, own) = (kept.join("\n"), own.join("\n"));
            table.add_row([vendor.name().to_owned(), kept, cell(by), cell(at), cell(fingerprint), cell(before), own]);
        }
        if self.json { Ok(()) } else { print(&format!("{table}\n")) }
    }

    async fn test(&self, vendor: Option<Keeping>) -> anyhow::Result<()> {
        let vendors = match vendor {
            Some(one) => vec![one],
            // Our own door may not be open yet, or elsewhere.
            None => vec![Keeping::Visma, Keeping::Commerce],
        };
        let mut failed = None;
        for vendor in vendors {
            let (stored, _) = self.read(vendor).await?;
            let fields = stored.map(|stored| stored.current.fields).unwrap_or_default();
            match trial::run(self.settings, vendor, &fields, &self.context).await {
                Ok(found) => say(&format!("{}: {found}", vendor.name()), self.json)?,
                Err(problem) => {
                    say(&format!("{}: {problem}", vendor.name()), self.json)?;
                    failed = Some(problem);
                }
            }
        }
        failed.map_or(Ok(()), |problem| Err(problem.into()))
    }

    async fn remove(&self, whose: Keeping, apply: bool) -> anyhow::Result<()> {
        let (stored, _) = self.read(whose).await?;
        let Some(stored) = stored else { return Err(none(whose).into()) };
        let names: Vec<&str> = stored.current.fields.names().collect();
        let (vendor, names) = (whose.name(), names.join(", "));
        if !apply {
            let then = match whose {
                Keeping::Webhook => {
                    "running services would refuse every webhook, unless their settings have a secret".to_owned()
                }
                Keeping::Visma | Keeping::Commerce => {
                    format!("running services would stop calling {vendor}, unless their settings have credentials")
                }
            };
            let (by, at) = (stored.current.by, told(stored.current.at, &self.settings.time_zone.0));
            let sentence =
                format!("would remove {names} of {vendor}, stored by {by} on {at}; {then}. Add --apply to do it.");
            return say(&sentence, self.json);
        }
        self.store.remove(whose.name()).await.with_context(|| format!("removing the credentials of {vendor}"))?;
        say(&format!("removed: {names} of {vendor}"), self.json)
    }

    /// The fields that the settings have themselves.
    fn own(&self, vendor: Keeping, fields: &Fields) -> Vec<&'static str> {
        match vendor {
            Keeping::Visma => fill_visma(&self.settings.visma, fields).1,
            Keeping::Commerce => fill_commerce(&self.settings.commerce, fields).1,
            Keeping::Webhook => fill_webhook(&self.settings.commerce.webhook, fields).1,
        }
    }

    /// The fields that a person is asked for: those of the vendor's login that the settings leave empty.
    fn asked_for(&self, vendor: Keeping, own: &[&str]) -> Vec<Field> {
        let needed = |field: &Field| match (vendor, self.settings.commerce.auth) {
            (Keeping::Visma | Keeping::Webhook, _) => true,
            (Keeping::Commerce, CommerceAuth::Oauth1) => !field.name.contains('.'),
            (Keeping::Commerce, CommerceAuth::AdminToken) => field.name.starts_with("admin_token."),
            (Keeping::Commerce, CommerceAuth::Ims) => field.name.starts_with("ims."),
        };
        all(vendor).iter().filter(|field| needed(field) && !own.contains(&field.name)).copied().collect()
    }

    fn complete(&self, vendor: Keeping, fields: &Fields) -> Result<(), Problem> {
        let own = self.own(vendor, fields);
        let missing = self.asked_for(vendor, &own).into_iter().filter(|field| fields.get(field.name).is_none());
        let missing: Vec<&str> = missing.map(|field| field.name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let sentence = format!("the credentials of {} lack {}", vendor.name(), missing.join(" and "));
        let remedy = "add it, one `name = value` a line, or set it in the settings file";
        Err(Problem::new(Code::CredentialsIncomplete, sentence, remedy))
    }
}

fn all(vendor: Keeping) -> &'static [Field] {
    match vendor {
        Keeping::Visma => &kept::VISMA,
        Keeping::Commerce => &kept::COMMERCE,
        Keeping::Webhook => &kept::WEBHOOK,
    }
}

fn none(vendor: Keeping) -> Problem {
    let remedy = "store some with `ml-connector credentials set`";
    Problem::new(Code::CredentialsNone, format!("the vault has no credentials of {}", vendor.name()), remedy)
}

impl Keeping {
    /// The name of its credentials in the vault.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Visma => vendors::VISMA,
            Self::Commerce => vendors::COMMERCE,
            Self::Webhook => vendors::WEBHOOK,
        }
    }
}
