//! The writer of Visma: takes its commands and makes Visma hold them exactly once.
//!
//! `lookups` finds what is in doubt, `customers` is the view that customers are matched in, `send` says what Visma's
//! answers mean, `standing` waits for what a document depends on; each kind of command has its own module.

mod cancellation;
mod change;
mod credit_note;
mod customer;
mod customer_change;
mod customers;
mod horizon;
mod invoice;
mod lookups;
mod payment;
mod period;
mod reference;
mod release;
mod send;
mod settings;
mod standing;
mod verification;

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

use ::visma::requests::Company;
use ::visma::stamp::Stamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use pipeline::cursor::Cursor;
use pipeline::service::Context;
use pipeline::vendor::Vendor;
use problem::Problem;
use proto::command;
use record::address::{Address, Entity, Kind, System};
use record::backlog;
use record::envelope::{self, header};
use record::streams::Durable;
use record::take::{self, Delivery, Stage};
use record::view::Opened;
use record::{Appender, Log, Verdict, entry, view};

use crate::create::Driver;
use crate::unreadable;
use customers::Customers;
use horizon::Horizon;
use lookups::Lookups;
pub use settings::{Documents, OnReleased, ReferenceIn, Settings};

/// The service's name.
pub const NAME: &str = "writer-visma";
/// Its consumer of commands.
pub const DURABLE: Durable = Durable { name: NAME, kind: Kind::Command, system: Some(TARGET) };
/// Why it is not ready at first.
const UNREAD: &str = "Visma's customers have not been read yet";
/// The target.
const TARGET: System = System::Visma;

/// Parts that the service works with, besides its context.
#[derive(Debug)]
pub struct Target {
    /// Visma's API.
    pub vendor: Vendor,
    /// The company.
    pub company: Company,
    /// How documents are created.
    pub settings: Settings,
    /// Handling of documents besides creating them.
    pub documents: Documents,
    /// Text that our references begin with.
    pub prefix: String,
    /// No document of ours is older: the go-live date, less a day for time zones.
    pub from: Stamp,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there, or the settings cannot keep one document one document.
pub async fn run(context: Context, target: Target) -> Result<(), Problem> {
    let policy = target.settings.policy()?;
    let width = target.settings.width;
    let log = Log::open(&context);
    context.health.not_ready("customers", UNREAD);
    // Before anything is put into it: one that does not fit the log is emptied.
    let (customers, view) = tokio::select! {
        opened = customers::open(&log) => opened,
        () = context.stop.cancelled() => return Ok(()),
    };
    let api = Api {
        lookups: Lookups::start(&context, &target),
        horizon: Horizon::start((&context, &log), &target, policy, &customers),
        vendor: target.vendor,
        company: target.company.clone(),
        refused_wait: target.settings.refused_wait.0,
    };
    let appender = Appender::open(&log, &context, TARGET);
    let writer = Writer {
        read: Cursor::open(&context.broker, &context.connection, "visma.customer").await?,
        driver: Driver { log: log.clone(), appender, policy, stop: context.stop.clone(), system: api },
        context: context.clone(),
        company: target.company,
        documents: target.documents,
        customers,
        pins: AtomicU8::new(0),
    };
    tokio::select! {
        () = writer.ready(view) => {}
        () = context.stop.cancelled() => return Ok(()),
    }
    let vendor = writer.driver.system.vendor.clone();
    backlog::watch(&log, DURABLE, Some(vendor), &context);
    take::run(&log, &DURABLE, width, &writer, &context.stop).await
}

/// Visma as the driver sees it.
struct Api {
    vendor: Vendor,
    company: Company,
    lookups: Lookups,
    horizon: Horizon,
    refused_wait: Duration,
}

struct Writer {
    context: Context,
    company: Company,
    documents: Documents,
    driver: Driver<Api>,
    customers: Arc<Customers>,
    read: Cursor,
    /// Last line that was logged about pinned VAT: 0 for none, else `KEPT` or `NOT_KEPT`.
    pins: AtomicU8,
}

impl Writer {
    /// Waits until Visma's customers have been read once and are in the view: a customer that is created before they
    /// are known is a second one.
    async fn ready(&self, view: Opened) {
        // An error is a broker that is away for a moment: it is asked again.
        while !matches!(self.read.read::<serde_json::Value>().await, Ok(Some(_))) {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        // Begun only now: a view that caught up with a stream that was still empty would know nobody.
        let view = view.follow(&self.context.stop);
        view::until_up(&self.context.health, "customers", UNREAD, &[&view]).await;
        while self.driver.system.horizon.known().await.is_err() {}
        tracing::info!("customers known");
    }

    async fn apply(&self, delivery: &Delivery) -> Verdict {
        let mut command = match entry::read_command(&delivery.payload) {
            Ok(command) => command,
            Err(cause) => return Verdict::Dead(unreadable(&cause)),
        };
        let command_of = command.document.take();
        let command = &command;
        let applied = match command_of {
            Some(command::Document::Customer(customer)) => self.customer(delivery, command, customer).await,
            Some(command::Document::Invoice(invoice)) => self.invoice(delivery, command, invoice).await,
            Some(command::Document::CreditNote(note)) => self.credit_note(delivery, command, note).await,
            Some(command::Document::Reference(reference)) => self.reference(delivery, command, reference).await,
            Some(command::Document::Cancellation(fallen)) => self.cancellation(delivery, command, fallen).await,
            Some(command::Document::Verification(seen)) => self.verification(delivery, command, seen).await,
            Some(command::Document::Payment(payment)) => self.payment(delivery, command, payment).await,
            Some(command::Document::Comment(_)) => Err(Verdict::Dead(unreadable("a comment is none of Visma's"))),
            None => Err(Verdict::Dead(unreadable("it names no document of this version"))),
        };
        applied.err().unwrap_or(Verdict::Done)
    }

    /// Where a record stands.
    fn record(&self, entity: Entity, key: &str) -> Address {
        self.driver.log.outcome(TARGET, entity, key)
    }
}

impl Stage for Writer {
    fn lane(&self, delivery: &Delivery) -> String {
        header(&delivery.headers, envelope::LANE).unwrap_or(&delivery.subject).to_owned()
    }

    fn decide<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Verdict> {
        self.apply(delivery).boxed()
    }
}
