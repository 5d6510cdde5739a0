//! The state of the shop: its documents, the nonces it has seen, and where it sends webhooks.
//!
//! Documents are kept as text and served as that text (see [`super::table`]). One lock holds the books; nothing waits
//! while holding it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::auth::{Admins, Nonces, Tokens};
use super::config::{Config, Webhook};
use super::limit::Limit;
use super::place::Placing;
use super::route::SetUp;
use super::search::columns::Entity;
use super::table::{Document, Table};
use super::text;
use crate::corpus::{Corpus, CorpusError};
use crate::generate::{self, Generator};

/// How many webhooks are on their way at once.
const WEBHOOKS_AT_ONCE: usize = 16;

/// Customers and addresses that are given in a body have ids behind this one, clear of those that are drawn.
pub(crate) const ADDED: u64 = 1_000_000;

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
    http: reqwest::Client,
    senders: Arc<Semaphore>,
    store_codes: Vec<String>,
    store_views: Arc<str>,
    websites: Arc<str>,
    store_configs: Arc<str>,
}

/// The documents, and the numbers that go on from them.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) orders: Table,
    pub(crate) invoices: Table,
    pub(crate) credit_memos: Table,
    pub(crate) shipments: Table,
    pub(crate) customers: Table,
    /// Which of the generator's customers placed an order that was drawn here.
    pub(crate) drawn: BTreeMap<u64, u64>,
    /// The highest id of each kind so far.
    last_ids: BTreeMap<Entity, u64>,
    /// Where the numbers of each kind start in every store, so that new documents stay clear of recorded ones.
    first_numbers: BTreeMap<Entity, u64>,
    numbers: BTreeMap<(Entity, u64), u64>,
    last_item: u64,
    placed: u64,
    comments: u64,
    addresses: u64,
}

impl Books {
    pub(crate) fn table(&self, entity: Entity) -> &Table {
        match entity {
            Entity::Order => &self.orders,
            Entity::Invoice => &self.invoices,
            Entity::CreditMemo => &self.credit_memos,
            Entity::Shipment => &self.shipments,
            Entity::Customer => &self.customers,
        }
    }

    /// How many orders were placed before this one, counted here.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.placed += 1;
        self.placed - 1
    }

    /// An id for a new document.
    pub(crate) fn next_id(&mut self, entity: Entity) -> u64 {
        let last = self.last_ids.entry(entity).or_default();
        *last += 1;
        *last
    }

    /// Keeps new documents clear of this id.
    pub(crate) fn reserve(&mut self, entity: Entity, id: u64) {
        let last = self.last_ids.entry(entity).or_default();
        *last = (*last).max(id);
    }

    /// The next number in a store's own sequence of a kind: nine digits, with the store id in front for all stores but
    /// the first. Unique within the kind only.
    pub(crate) fn next_number(&mut self, entity: Entity, store_id: u64) -> String {
        let first = self.first_numbers.get(&entity).copied().unwrap_or_default();
        let number = self.numbers.entry((entity, store_id)).or_insert(first);
        *number += 1;
        if store_id == 1 { format!("{number:09}") } else { format!("{store_id}{number:09}") }
    }

    /// The first of so many ids for new items of invoices, credit memos and shipments.
    pub(crate) fn next_items(&mut self, count: u64) -> u64 {
        self.last_item += count;
        self.last_item - count + 1
    }

    /// An id for a new address. That of a drawn customer has the customer's own id.
    pub(crate) fn next_address(&mut self) -> u64 {
        self.addresses += 1;
        ADDED + self.addresses
    }

    /// An id for a new comment.
    pub(crate) fn next_comment(&mut self) -> u64 {
        self.comments += 1;
        self.comments
    }
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
            http: reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?,
            senders: Arc::new(Semaphore::new(WEBHOOKS_AT_ONCE)),
            store_codes: codes(&store_views),
            store_views: store_views.into(),
            websites: recorded.websites.clone().unwrap_or_else(|| generate::WEBSITES.to_owned()).into(),
            store_configs: recorded.store_configs.clone().unwrap_or_else(|| generate::STORE_CONFIGS.to_owned()).into(),
            books: Mutex::new(books(recorded)),
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

    pub(crate) fn webhook(&self) -> Option<Webhook> {
        self.config().webhook.clone()
    }

    /// Sends webhooks there from now on, or nowhere.
    pub fn set_webhook(&self, webhook: Option<Webhook>) {
        let mut config = held(&self.0.config);
        *config = Arc::new(Config { webhook, ..Config::clone(&config) });
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

fn books(recorded: Corpus) -> Books {
    let mut books = Books::default();
    let mut table = |entity: Entity, documents: Vec<(u64, String)>| -> Table {
        let last = documents.iter().map(|(id, _)| *id).max().unwrap_or(0);
        books.last_ids.insert(entity, last);
        books.first_numbers.insert(entity, last);
        documents.into_iter().map(|(id, text)| (id, Document::new(&text))).collect()
    };
    let orders = table(Entity::Order, recorded.orders);
    let invoices = table(Entity::Invoice, recorded.invoices);
    let credit_memos = table(Entity::CreditMemo, recorded.credit_memos);
    let customers = table(Entity::Customer, recorded.customers);
    Books { orders, invoices, credit_memos, customers, ..books }
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
