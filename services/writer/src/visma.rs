//! The writer of Visma: takes its commands and makes Visma hold them exactly once.
//!
//! `lookups` finds what is in doubt, `customers` is the view that customers are matched in, `send` says what Visma's
//! answers mean; each kind of document has its own module.

mod customer;
mod customers;
mod invoice;
mod lookups;
mod send;

use std::sync::Arc;
use std::time::Duration;

use ::visma::requests::Company;
use effect::Policy;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use pipeline::backlog;
use pipeline::broker::streams::{COMMANDS, Durable};
use pipeline::broker::take::{self, Delivery, Stage};
use pipeline::cursor::Cursor;
use pipeline::envelope::{self, header};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use pipeline::verdict::Verdict;
use proto::{Command, Message as _, command};
use serde::Deserialize;

use crate::create::Driver;
use crate::records::Records;
use crate::unreadable;
use customers::Customers;
use lookups::Lookups;

/// The service's name.
pub const NAME: &str = "writer-visma";
/// Its consumer of commands.
pub const DURABLE: Durable = Durable { name: NAME, stream: COMMANDS, filter: "command.{}.visma.>" };
/// The target's name in subjects.
const TARGET: &str = "visma";

/// How documents are created.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Documents worked on at once.
    pub width: usize,
    /// See [`Policy::doubt_wait`].
    pub doubt_wait: Span,
    /// See [`Policy::send_within`].
    pub send_within: Span,
    /// See [`Policy::looks`].
    pub looks: u32,
    /// See [`Policy::look_spacing`].
    pub look_spacing: Span,
    /// See [`Policy::fault_wait`].
    pub fault_wait: Span,
    /// See [`Policy::attempts`].
    pub attempts: u32,
    /// After an answer that keeps every document out until a person acts: when the next one is tried.
    pub refused_wait: Span,
    /// From this many documents in doubt on, they are looked up in one sweep.
    pub sweep_from: usize,
}

impl Settings {
    fn policy(&self) -> Result<Policy, Problem> {
        let policy = Policy {
            doubt_wait: self.doubt_wait.0,
            send_within: self.send_within.0,
            looks: self.looks,
            look_spacing: self.look_spacing.0,
            fault_wait: self.fault_wait.0,
            attempts: self.attempts,
        };
        let wrong = |e| Problem::new("SETTINGS_INVALID", format!("[visma.create]: {e}"), "correct the figures");
        policy.check().map_err(wrong).map(|()| policy)
    }
}

/// What the service works with besides its context.
#[derive(Debug)]
pub struct Target {
    /// Visma's API.
    pub vendor: Vendor,
    /// The company.
    pub company: Company,
    /// How documents are created.
    pub settings: Settings,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there, or the settings cannot keep one document one document.
pub async fn run(context: Context, target: Target) -> Result<(), Problem> {
    let policy = target.settings.policy()?;
    let width = target.settings.width;
    let api = Api {
        lookups: Lookups::start(&context, &target),
        health: context.health.clone(),
        vendor: target.vendor,
        refused_wait: target.settings.refused_wait.0,
    };
    let records = Records::open(&context, TARGET).await?;
    let writer = Writer {
        read: Cursor::open(&context.broker, &context.connection, "visma.customer").await?,
        driver: Driver { records, policy, stop: context.stop.clone(), system: api },
        context: context.clone(),
        company: target.company,
        customers: Arc::new(Customers::default()),
    };
    tokio::select! {
        () = writer.ready() => {}
        () = context.stop.cancelled() => return Ok(()),
    }
    let vendor = writer.driver.system.vendor.clone();
    tokio::spawn(backlog::watch(context.broker.clone(), DURABLE, vendor, context.stop.clone()));
    take::run(&context.broker, &DURABLE, width, &writer, &context.stop).await
}

/// Visma as the driver sees it.
struct Api {
    vendor: Vendor,
    lookups: Lookups,
    health: pipeline::health::Health,
    refused_wait: Duration,
}

struct Writer {
    context: Context,
    company: Company,
    driver: Driver<Api>,
    customers: Arc<Customers>,
    read: Cursor,
}

impl Writer {
    /// Waits until Visma's customers have been read once and are in the view: a customer that is created before they
    /// are known is a second one.
    async fn ready(&self) {
        self.context.health.not_ready("customers", "Visma's customers have not been read yet");
        // An error is a broker that is away for a moment: it is asked again.
        while !matches!(self.read.read::<serde_json::Value>().await, Ok(Some(_))) {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        // Begun only now: a view that caught up with a stream that was still empty would know nobody.
        for view in customers::follow(&self.context, &self.customers) {
            view.up().await;
        }
        self.context.health.ready("customers");
        tracing::info!(customers = self.customers.count(), "customers known");
    }

    async fn apply(&self, delivery: &Delivery) -> Verdict {
        let command = match Command::decode(delivery.payload.clone()) {
            Ok(command) => command,
            Err(e) => return Verdict::Dead(unreadable(&chain(&e))),
        };
        let mut command = command;
        match command.document.take() {
            Some(command::Document::Customer(customer)) => self.customer(delivery, &command, customer).await,
            Some(command::Document::Invoice(invoice)) => self.invoice(delivery, &command, invoice).await,
            Some(
                command::Document::CreditNote(_)
                | command::Document::Reference(_)
                | command::Document::Cancellation(_)
                | command::Document::Verification(_)
                | command::Document::Payment(_)
                | command::Document::Comment(_),
            ) => Verdict::Dead(unreadable("this version does not apply such a document yet")),
            None => Verdict::Dead(unreadable("it names no document of this version")),
        }
    }

    /// Subject of a record.
    fn record(&self, entity: &str, key: &str) -> String {
        self.context.broker.subjects.outcome(TARGET, entity, key)
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
