//! The state of the shop: its books, its settings, who has signed in, and what it has told others.
//!
//! One lock holds the books ([`super::books`]); nothing waits while holding it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::auth::{Admins, Nonces, Tokens};
use super::books::Books;
use super::config::{Config, Webhook};
use super::limit::Limit;
use super::place::Placing;
use super::route::SetUp;
use super::table::Document;
use super::text;
use super::webhook::Queue;
use super::webhook::keys::Keys;
use super::webhook::log::Deliveries;
use crate::corpus::{Corpus, CorpusError};
use crate::generate::{self, Generator};

/// How many webhooks are on their way at once.
const WEBHOOKS_AT_ONCE: usize = 16;

/// Why a shop did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The recorded documents.
    #[error("the corpus cannot be served")]
    Corpus(#[from] CorpusError),
    /// The client that sends webhooks.
    #[error("cannot set up the sending of webhooks")]
    Webhooks(#[from] reqwest::Error),
}

/// The simulated shop. Cheap to clone; all clones are one shop.
#[derive(Debug, Clone)]
pub struct Shop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Mutex<Arc<Config>>,
    seed: u64,
    generator: Generator,
    books: Mutex<Books>,
    nonces: Mutex<Nonces>,
    admins: Mutex<Admins>,
    tokens: Mutex<Tokens>,
    limit: Mutex<Limit>,
    deliveries: Mutex<Deliveries>,
    events: Mutex<Queue>,
    keys: Mutex<Arc<Keys>>,
    challenge: Mutex<Option<(String, bool)>>,
    http: reqwest::Client,
    senders: Arc<Semaphore>,
    store_codes: Vec<String>,
    store_views: Arc<str>,
    websites: Arc<str>,
    store_configs: Arc<str>,
}

impl Shop {
    /// Opens a shop with the documents of a corpus, or else with this many generated orders, placed one after the other
    /// up to now. The same seed makes the same orders.
    ///
    /// # Errors
    /// When the corpus cannot be read.
    pub fn open(config: Config, seed: u64, orders: usize, corpus: Option<&Path>) -> Result<Self, OpenError> {
        let recorded = corpus.map(Corpus::load).transpose()?;
        let from_corpus = recorded.is_some();
        let recorded = recorded.unwrap_or_default();
        let store_views = recorded.store_views.clone().unwrap_or_else(|| generate::STORE_VIEWS.to_owned());
        let shop = Self(Arc::new(Inner {
            seed,
            generator: Generator::new(seed),
            nonces: Mutex::default(),
            admins: Mutex::default(),
            tokens: Mutex::default(),
            limit: Mutex::default(),
            deliveries: Mutex::default(),
            events: Mutex::default(),
            keys: Mutex::default(),
            challenge: Mutex::default(),
            http: reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?,
            senders: Arc::new(Semaphore::new(WEBHOOKS_AT_ONCE)),
            store_codes: codes(&store_views),
            store_views: store_views.into(),
            websites: recorded.websites.clone().unwrap_or_else(|| generate::WEBSITES.to_owned()).into(),
            store_configs: recorded.store_configs.clone().unwrap_or_else(|| generate::STORE_CONFIGS.to_owned()).into(),
            books: Mutex::new(Books::of(recorded)),
            config: Mutex::new(Arc::new(config)),
        }));
        if !from_corpus {
            shop.stock(&Placing { count: orders as u64, ..Placing::default() });
        }
        Ok(shop)
    }

    /// The generator that places orders here: its customers can be looked up by number.
    #[must_use]
    pub fn generator(&self) -> &Generator {
        &self.0.generator
    }

    /// The settings that are in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&held(&self.0.config))
    }

    /// Changes settings by a JSON merge patch (RFC 7386).
    ///
    /// # Errors
    /// A sentence when a key is unknown or a value has the wrong type; then nothing is changed.
    pub fn patch_config(&self, patch: serde_json::Value) -> Result<(), String> {
        let mut config = held(&self.0.config);
        let mut patched = serde_json::to_value(&**config).map_err(|error| error.to_string())?;
        crate::visma::config::merge(&mut patched, patch);
        *config = Arc::new(serde_json::from_value(patched).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// The second since 1970 that the server's clock shows.
    pub(crate) fn clock(&self) -> i64 {
        Timestamp::now().as_second().saturating_add(self.config().clock_ahead_seconds)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.0.seed
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        held(&self.0.books)
    }

    pub(crate) fn nonces(&self) -> MutexGuard<'_, Nonces> {
        held(&self.0.nonces)
    }

    pub(crate) fn admins(&self) -> MutexGuard<'_, Admins> {
        held(&self.0.admins)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        held(&self.0.tokens)
    }

    pub(crate) fn limit(&self) -> MutexGuard<'_, Limit> {
        held(&self.0.limit)
    }

    /// Makes the tokens of administrators and of the identity service worthless.
    pub fn revoke_tokens(&self) {
        self.admins().revoke();
        self.tokens().revoke();
    }

    /// Sends webhooks there from now on, or nowhere.
    pub fn set_webhook(&self, webhook: Option<Webhook>) {
        let mut config = held(&self.0.config);
        *config = Arc::new(Config { webhook, ..Config::clone(&config) });
    }

    /// Returns what was sent when documents were saved, and what became of it.
    pub fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        held(&self.0.deliveries)
    }

    pub(crate) fn events(&self) -> MutexGuard<'_, Queue> {
        held(&self.0.events)
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&held(&self.0.keys))
    }

    /// Signs with new keys from now on.
    pub fn renew_keys(&self) {
        let mut keys = held(&self.0.keys);
        *keys = keys.renewed();
    }

    /// The challenge that was put last by a URL, and whether the URL was called.
    pub(crate) fn challenge(&self) -> MutexGuard<'_, Option<(String, bool)>> {
        held(&self.0.challenge)
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn senders(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.senders)
    }

    pub(crate) fn has_store(&self, code: &str) -> bool {
        self.0.store_codes.iter().any(|known| known == code)
    }

    pub(crate) fn set_up(&self, which: SetUp) -> String {
        let text = match which {
            SetUp::StoreViews => &self.0.store_views,
            SetUp::Websites => &self.0.websites,
            SetUp::StoreConfigs => &self.0.store_configs,
        };
        text.to_string()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn codes(store_views: &str) -> Vec<String> {
    let view = |text: &&str| Document::new(text).string("code").map(|code| code.into_owned());
    text::elements(store_views).iter().filter_map(view).collect()
}

/// The present second as Commerce writes it.
pub(crate) fn now() -> String {
    moment(Timestamp::now())
}

/// A point in time as Commerce writes it: UTC, whole seconds, no zone.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
