//! Finding what is in doubt: one by one while few are, in one paged sweep of Visma's list when many are.
//!
//! After a crash every document that was in hand is in doubt at once. A sweep reads the list from before the oldest
//! intent on and answers for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::visma::list::Page;
use ::visma::read::{CustomerRead, InvoiceRead, PaymentRead, ReadError};
use ::visma::reply::{Failure, read_page};
use ::visma::requests::{Company, RequestError};
use ::visma::search::{Candidate, CreditNoteRow, Search, Searched};
use ::visma::stamp::Stamp;
use bytes::Bytes;
use effect::Millis;
use http::Request;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::service::Context;
use pipeline::task;
use pipeline::vendor::{CallError, Vendor};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::Target;
use crate::create::Looked;

/// Rows a page of a look-up for one, and of a sweep.
const FEW: u32 = 50;
const MANY: u32 = 500;
/// Pages at most: for one key more say that the filter was not honoured.
const FEW_PAGES: u32 = 20;
const MANY_PAGES: u32 = 2_000;
/// How much earlier than the oldest intent a sweep begins, for the difference between clocks.
const MARGIN: Duration = Duration::from_secs(600);
/// Intents written before this, milliseconds since the epoch, may have been sent at any time.
const EVER: u64 = 24 * 60 * 60 * 1_000;
/// Documents that a look-up showed are remembered for those who take them into the log; beyond that it starts over.
const SHOWN: usize = 1_000;
/// Others that fall into doubt within this time join the same sweep.
const GATHER: Duration = Duration::from_millis(30);

/// How a document is found at Visma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// An invoice, by our reference.
    Reference(String),
    /// A credit note, by our reference.
    CreditNote(String),
    /// A customer, by normalised e-mail address.
    Email(String),
    /// A payment, by our reference among those of one customer from a date on.
    Payment {
        /// Our reference.
        reference: String,
        /// Visma's number of the customer.
        customer: String,
        /// `YYYY-MM-DD`.
        from: String,
    },
}

struct Asked {
    key: Key,
    since: Millis,
    reply: oneshot::Sender<Looked>,
}

/// Asks. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    queue: mpsc::Sender<Asked>,
    shown: Arc<Shown>,
}

/// Status and open balance by reference, of documents that were found alone.
type Shown = Mutex<HashMap<String, (String, String)>>;

impl Lookups {
    pub(crate) fn start(context: &Context, target: &Target) -> Self {
        let (queue, asked) = mpsc::channel(1024);
        let shown = Arc::<Shown>::default();
        let looker = Looker {
            shown: Arc::clone(&shown),
            vendor: target.vendor.clone(),
            company: target.company.clone(),
            sweep_from: target.settings.sweep_from.max(2),
        };
        let stop = context.stop.clone();
        task::spawn(async move {
            tokio::select! {
                () = looker.run(asked) => {}
                () = stop.cancelled() => {}
            }
        });
        Self { queue, shown }
    }

    /// Takes the status and the open balance that the last look-up showed of the one document under `key`.
    pub(crate) fn shown(&self, key: &Key) -> Option<(String, String)> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(key.text())
    }

    /// The numbers of all documents under `key`; `since` is when the intent in doubt was written.
    pub(crate) async fn find(&self, key: Key, since: Millis) -> Looked {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Asked { key, since, reply }).await.map_err(|_| None)?;
        answer.await.map_err(|_| None)?
    }
}

struct Looker {
    vendor: Vendor,
    company: Company,
    sweep_from: usize,
    shown: Arc<Shown>,
}

impl Looker {
    async fn run(&self, mut asked: mpsc::Receiver<Asked>) {
        while let Some(first) = asked.recv().await {
            tokio::time::sleep(GATHER).await;
            let mut all = vec![first];
            while let Ok(more) = asked.try_recv() {
                all.push(more);
            }
            let kind = |kind: fn(&Key) -> bool, all: &mut Vec<Asked>| {
                let (these, others) = std::mem::take(all).into_iter().partition(|one: &Asked| kind(&one.key));
                *all = others;
                these
            };
            let company = &self.company;
            let invoices = kind(|key| matches!(key, Key::Reference(_)), &mut all);
            self.answer(invoices, InvoiceRead::read, |since, page| company.invoices_created_since(since, page, MANY))
                .await;
            let credit_notes = kind(|key| matches!(key, Key::CreditNote(_)), &mut all);
            let sweep = |since, page| company.credit_notes_created_since(since, page, MANY);
            self.answer(credit_notes, CreditNoteRow::read, sweep).await;
            let customers = kind(|key| matches!(key, Key::Email(_)), &mut all);
            self.answer(customers, CustomerRead::read, |since, page| {
                company.customers_created_since(since, page, MANY)
            })
            .await;
            // Payments: their list knows no time of creation, so there is no sweep of it.
            self.each(all, PaymentRead::read).await;
        }
    }

    /// Answers for documents of one kind.
    async fn answer<T: Candidate>(
        &self,
        asked: Vec<Asked>,
        read: fn(&Value) -> Result<T, ReadError>,
        sweep: impl Fn(Stamp, u32) -> Result<Request<Bytes>, RequestError>,
    ) {
        // A sweep for these would read the books from their beginning.
        let (ever, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|one| one.since.0 < EVER);
        self.each(ever, read).await;
        if asked.len() >= self.sweep_from {
            tracing::info!(documents = asked.len(), "looking for documents in doubt in one sweep");
            let oldest = asked.iter().map(|one| one.since.0).min().unwrap_or_default();
            let since = Stamp::surely_before(oldest, MARGIN);
            let keys = asked.iter().map(|one| one.key.text().to_owned());
            let search = Search::new(keys, MANY_PAGES);
            self.search(search, read, |page| sweep(since, page), asked).await;
            return;
        }
        self.each(asked, read).await;
    }

    /// Answers for documents of one kind, one by one.
    async fn each<T: Candidate>(&self, asked: Vec<Asked>, read: fn(&Value) -> Result<T, ReadError>) {
        for one in asked {
            let key = one.key.clone();
            let search = Search::new([key.text().to_owned()], FEW_PAGES);
            let request = |page| match &key {
                Key::Reference(reference) => self.company.invoices_by_reference(reference, page, FEW),
                Key::CreditNote(reference) => self.company.credit_notes_by_reference(reference, page, FEW),
                Key::Email(email) => self.company.customers_by_email(email, page, FEW),
                Key::Payment { customer, from, .. } => self.company.payments_of(customer, from, page, FEW),
            };
            self.search(search, read, request, vec![one]).await;
        }
    }

    /// Reads the list to its end and answers everybody.
    async fn search<T: Candidate>(
        &self,
        mut search: Search<T>,
        read: fn(&Value) -> Result<T, ReadError>,
        request: impl Fn(u32) -> Result<Request<Bytes>, RequestError>,
        asked: Vec<Asked>,
    ) {
        let found = loop {
            let page = match request(search.page()) {
                Ok(request) => self.page(&request, read).await,
                Err(e) => Err(failed(&e)),
            };
            match page {
                Ok(page) => {
                    if let Searched::Over(found) = search.take(page) {
                        break found;
                    }
                }
                Err(wait) => {
                    for one in asked {
                        let _ = one.reply.send(Err(wait)); // Whoever asked may have stopped.
                    }
                    return;
                }
            }
        };
        for one in asked {
            let rows = found.of(one.key.text());
            if let Some([row]) = rows {
                self.show(one.key.text(), row.standing());
            }
            let numbers = rows.map(|rows| rows.iter().map(|row| row.number().to_owned()).collect()).ok_or(None);
            let _ = one.reply.send(numbers);
        }
    }

    fn show(&self, reference: &str, standing: Option<(String, String)>) {
        let Some(standing) = standing else { return };
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() >= SHOWN {
            shown.clear();
        }
        shown.insert(reference.to_owned(), standing);
    }

    async fn page<T>(
        &self,
        request: &Request<Bytes>,
        read: fn(&Value) -> Result<T, ReadError>,
    ) -> Result<Page<T>, Option<Duration>> {
        let response = self.vendor.call(Class::Document, request).await.map_err(|e| match e {
            CallError::Busy(wait) => Some(wait),
            CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate | CallError::Credentials(_) => {
                failed(&e)
            }
        })?;
        let page = read_page(&response, clock::now().into()).map_err(|failure| match failure {
            Failure::Busy { retry_after, .. } => Some(retry_after),
            Failure::Stale { .. }
            | Failure::Unauthorised { .. }
            | Failure::Forbidden { .. }
            | Failure::NotFound { .. }
            | Failure::Refused { .. }
            | Failure::Broken { .. }
            | Failure::Unknown { .. } => failed(&failure),
        })?;
        page.each(read).map_err(|e| failed(&e))
    }
}

impl Key {
    fn text(&self) -> &str {
        match self {
            Self::Reference(text) | Self::CreditNote(text) | Self::Email(text) => text,
            Self::Payment { reference, .. } => reference,
        }
    }
}

/// Nothing is proven by a look-up that failed; when to try again is for `effect` to say.
fn failed(error: &dyn std::error::Error) -> Option<Duration> {
    tracing::warn!(error = %problem::chain(error), "a look-up of documents in doubt failed");
    None
}
