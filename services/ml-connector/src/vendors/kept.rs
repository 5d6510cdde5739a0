//! Credentials that the vault keeps, where the settings leave them empty, and their changes while a service runs.
//!
//! A setting wins over the vault, field by field: whoever writes one into a file or the environment has a reason, and
//! it is seen in `credentials list`.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use ingestor::commerce::{Secrets, Webhook};
use pipeline::broker::follow::{self, Follow};
use pipeline::secret::Secret;
use pipeline::service::Context;
use pipeline::vault::VaultError;
use pipeline::vault::credentials::{Credentials, Fields, Set, Stored};
use pipeline::vendor::{Auth, Vendor};
use problem::{Code, Problem, chain};
use tokio::sync::watch;

use crate::settings::{Commerce, Visma};

/// One credential of a vendor: the setting that it stands in for, without the vendor's name, and whether it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The setting.
    pub name: &'static str,
    /// True when it is asked for without showing what is typed.
    pub secret: bool,
}

const fn open(name: &'static str) -> Field {
    Field { name, secret: false }
}

const fn secret(name: &'static str) -> Field {
    Field { name, secret: true }
}

/// Credentials that Visma knows us by.
pub const VISMA: [Field; 3] = [open("client_id"), secret("client_secret"), open("tenant_id")];
/// Credentials that Commerce knows us by, for every way to log in.
pub const COMMERCE: [Field; 7] = [
    open("consumer_key"),
    secret("consumer_secret"),
    secret("access_token"),
    secret("access_token_secret"),
    open("admin_token.username"),
    secret("admin_token.password"),
    secret("ims.client_secret"),
];

/// Secret that a module's webhooks are believed by. Those of Adobe's own senders are believed by public keys, which are
/// no secrets: they stand in the settings.
pub const WEBHOOK: [Field; 1] = [secret("secret")];

/// The settings with what `fields` has for the empty ones, and the names of those that the settings have themselves.
pub fn fill_visma(settings: &Visma, fields: &Fields) -> (Visma, Vec<&'static str>) {
    let mut filled = settings.clone();
    let mut fill = Fill { fields, own: Vec::new() };
    fill.text("client_id", &mut filled.client_id);
    fill.secret("client_secret", &mut filled.client_secret);
    fill.text("tenant_id", &mut filled.tenant_id);
    (filled, fill.own)
}

/// As [`fill_visma`], of Commerce.
pub fn fill_commerce(settings: &Commerce, fields: &Fields) -> (Commerce, Vec<&'static str>) {
    let mut filled = settings.clone();
    let mut fill = Fill { fields, own: Vec::new() };
    fill.text("consumer_key", &mut filled.consumer_key);
    fill.secret("consumer_secret", &mut filled.consumer_secret);
    fill.secret("access_token", &mut filled.access_token);
    fill.secret("access_token_secret", &mut filled.access_token_secret);
    fill.text("admin_token.username", &mut filled.admin_token.username);
    fill.secret("admin_token.password", &mut filled.admin_token.password);
    fill.secret("ims.client_secret", &mut filled.ims.client_secret);
    (filled, fill.own)
}

/// As [`fill_visma`], of the secret of webhooks.
pub fn fill_webhook(settings: &Webhook, fields: &Fields) -> (Secret, Vec<&'static str>) {
    let mut filled = settings.secret.clone();
    let mut fill = Fill { fields, own: Vec::new() };
    fill.secret("secret", &mut filled);
    (filled, fill.own)
}

struct Fill<'a> {
    fields: &'a Fields,
    own: Vec<&'static str>,
}

impl Fill<'_> {
    fn text(&mut self, name: &'static str, setting: &mut String) {
        if !setting.is_empty() {
            self.own.push(name);
        } else if let Some(kept) = self.fields.get(name) {
            kept.expose().as_str().clone_into(setting);
        }
    }

    fn secret(&mut self, name: &'static str, setting: &mut Secret) {
        if !setting.is_empty() {
            self.own.push(name);
        } else if let Some(kept) = self.fields.get(name) {
            *setting = kept.clone();
        }
    }
}

/// Makes the proof that calls carry, out of what the vault keeps.
pub(super) type Make = Box<dyn Fn(Fields) -> BoxFuture<'static, Result<Auth, Problem>> + Send + Sync>;

/// Function that takes over a set of credentials that has changed.
type Apply = Box<dyn Fn(Option<Stored>) -> BoxFuture<'static, ()> + Send + Sync>;

/// One set of credentials as a service uses it.
pub(crate) struct Kept {
    name: &'static str,
    store: Credentials,
    stored: Option<Stored>,
}

impl Kept {
    /// Reads what the vault keeps of the set `name`.
    pub(crate) async fn read(context: &Context, name: &'static str) -> Result<Self, Problem> {
        let store = Credentials::open(&context.broker, &context.vault, &context.connection).await?;
        let what = format!("the credentials of {name}");
        let read = context.broker.until_answered(&what, || store.read(name), |e| !e.passes()).await?;
        let (stored, _) = read.map_err(|e| unreadable(name, &e))?;
        Ok(Self { name, store, stored })
    }

    /// The credentials in force.
    pub(crate) fn fields(&self) -> Fields {
        self.stored.as_ref().map(|stored| stored.current.fields.clone()).unwrap_or_default()
    }

    /// Lets `vendor` call under what the vault keeps, also when that changes, until the service stops.
    pub(super) async fn follow(self, context: &Context, vendor: &Vendor, make: Make) {
        if self.stored.as_ref().is_some_and(|stored| stored.previous.is_some()) {
            renew(vendor, &make, self.stored.as_ref()).await;
        }
        let (vendor, make) = (vendor.clone(), Arc::new(make));
        let apply = move |stored: Option<Stored>| {
            let (vendor, make) = (vendor.clone(), Arc::clone(&make));
            async move { renew(&vendor, &make, stored.as_ref()).await }.boxed()
        };
        self.hear(context, Box::new(apply)).await;
    }

    /// Lets the door believe webhooks by what the vault keeps, where the settings have no secret themselves.
    pub(crate) async fn follow_webhooks(self, context: &Context, settings: &Webhook) -> Secrets {
        let of = |settings: &Webhook, stored: Option<&Stored>| {
            let secret = |set: &Set| fill_webhook(settings, &set.fields).0;
            let current = stored.map_or_else(|| settings.secret.clone(), |stored| secret(&stored.current));
            let previous = stored.and_then(|stored| stored.previous.as_ref());
            let previous =
                previous.map(|(set, until)| (secret(set), u64::try_from(until.as_millisecond()).unwrap_or(0)));
            (current, previous)
        };
        let (current, previous) = of(settings, self.stored.as_ref());
        let secrets = Secrets::new(current, previous);
        let (held, settings) = (secrets.clone(), settings.clone());
        let apply = move |stored: Option<Stored>| {
            let (current, previous) = of(&settings, stored.as_ref());
            held.change(current, previous);
            std::future::ready(()).boxed()
        };
        self.hear(context, Box::new(apply)).await;
        secrets
    }

    /// Calls `apply` with what the vault keeps whenever that changes, until the service stops.
    async fn hear(self, context: &Context, apply: Apply) {
        let Self { name, store, stored } = self;
        let (heard, mut news) = watch::channel(None);
        let (stream, filter) = store.subject(name);
        let entries = Follow { stream, filter, headers_only: false };
        let _caught = follow::follow(&context.broker, entries, context.stop.clone(), move |entry| {
            heard.send_replace(Some(entry.body.clone()));
        });
        let stop = context.stop.clone();
        let mut known = mark(&store, stored.as_ref());
        context.spawn(async move {
            while !stop.is_cancelled() && news.changed().await.is_ok() {
                let value = news.borrow_and_update().clone().unwrap_or_default();
                let stored = match open_entry(&store, name, &value).await {
                    Ok(stored) => stored,
                    Err(e) => {
                        tracing::error!(problem = %unreadable(name, &e), "changed credentials cannot be read");
                        continue;
                    }
                };
                // What is in use already, or was only sealed under another master key.
                let new = mark(&store, stored.as_ref());
                if new == known {
                    continue;
                }
                let by = stored.as_ref().map(|stored| stored.current.by.clone()).unwrap_or_default();
                apply(stored).await;
                known = new;
                tracing::info!(set = name, by, "the credentials have changed; the new ones are in use now");
            }
        });
    }
}

/// Empty is a removal.
async fn open_entry(store: &Credentials, name: &str, value: &Bytes) -> Result<Option<Stored>, VaultError> {
    if value.is_empty() { Ok(None) } else { store.unseal(name, value).await.map(Some) }
}

/// Returns the fingerprints that two entries are told apart by.
fn mark(store: &Credentials, stored: Option<&Stored>) -> Option<(String, Option<(String, jiff::Timestamp)>)> {
    let of = |set: &Set| store.fingerprint(&set.fields);
    stored.map(|stored| (of(&stored.current), stored.previous.as_ref().map(|(set, until)| (of(set), *until))))
}

async fn renew(vendor: &Vendor, make: &Make, stored: Option<&Stored>) {
    let fields = stored.map(|stored| stored.current.fields.clone()).unwrap_or_default();
    let current = make(fields).await.unwrap_or_else(Auth::Missing);
    let previous = match stored.and_then(|stored| stored.previous.clone()) {
        Some((set, until)) => {
            let until = u64::try_from(until.as_millisecond()).unwrap_or(0);
            make(set.fields).await.ok().map(|auth| (auth, until))
        }
        None => None,
    };
    vendor.renew(current, previous);
}

/// Why a set cannot be used.
pub(crate) fn unreadable(name: &str, error: &VaultError) -> Problem {
    Problem::new(
        Code::CredentialsUnreadable,
        format!("the credentials of {name} cannot be read: {}", chain(error)),
        "check the broker, and that this is the master key that they were encrypted under; otherwise remove them and set \
         them again",
    )
}
