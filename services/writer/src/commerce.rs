//! The writer of Commerce: takes its commands and makes orders bear the comments that they ask for, each once, and the
//! entries in custom attributes.
//!
//! `send` reads an order before it writes to it, since Commerce stores a repeated comment twice; the mark in the text
//! of each tells which is which. What an order that was read lacks is in `bearing`.

mod bearing;
mod send;

use std::time::Duration;

use ::commerce::requests::Base;
use effect::{Policy, Record};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use problem::{Code, Problem};
use proto::{Command, Comment, Message as _, Outcome, command};
use record::envelope::{self, header};
use record::streams::Durable;
use record::take::{self, Delivery, Stage};
use serde::Deserialize;

use crate::create::{Document, Driver, Ended, wanted};
use crate::{sha256, unreadable};
use record::address::{Entity, Kind, System};
use record::{Appender, Current, Log, Verdict, backlog, entry};

/// The service's name.
pub const NAME: &str = "writer-commerce";
/// Its consumer of commands.
pub const DURABLE: Durable = Durable { name: NAME, kind: Kind::Command, system: Some(TARGET) };
/// The target.
const TARGET: System = System::Commerce;
/// How often a record that others write is taken up anew before the delivery is handed back.
const TRIES: usize = 3;

/// How comments are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Orders worked on at once.
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
    /// After an answer that keeps every comment out until a person acts: when the next one is tried.
    pub refused_wait: Span,
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
        let wrong = |e| Problem::new(Code::SettingsInvalid, format!("[commerce.comment]: {e}"), "correct the figures");
        policy.check().map_err(wrong).map(|()| policy)
    }
}

/// Parts that the service works with, besides its context.
#[derive(Debug)]
pub struct Target {
    /// Commerce's API.
    pub vendor: Vendor,
    /// Its REST base.
    pub base: Base,
    /// How comments are written.
    pub settings: Settings,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there, or the settings cannot keep one comment one comment.
pub async fn run(context: Context, target: Target) -> Result<(), Problem> {
    let Target { vendor, base, settings } = target;
    let (policy, stop) = (settings.policy()?, context.stop.clone());
    let api = Api { vendor, base, refused_wait: settings.refused_wait.0 };
    let vendor = Some(api.vendor.clone());
    let log = &Log::open(&context);
    let appender = Appender::open(log, &context, TARGET);
    let writer = Writer { driver: Driver { log: log.clone(), appender, policy, stop, system: api } };
    backlog::watch(log, DURABLE, vendor, &context);
    take::run(log, &DURABLE, settings.width, &writer, &context.stop).await
}

/// Commerce as the driver sees it.
struct Api {
    vendor: Vendor,
    base: Base,
    refused_wait: Duration,
}

struct Writer {
    driver: Driver<Api>,
}

impl Writer {
    async fn apply(&self, delivery: &Delivery) -> Verdict {
        let mut command = match entry::read_command(&delivery.payload) {
            Ok(command) => command,
            Err(cause) => return Verdict::Dead(unreadable(&cause)),
        };
        let applied = match command.document.take() {
            Some(command::Document::Comment(comment)) => self.comment(delivery, &command, comment).await,
            Some(
                command::Document::Customer(_)
                | command::Document::Invoice(_)
                | command::Document::CreditNote(_)
                | command::Document::Reference(_)
                | command::Document::Cancellation(_)
                | command::Document::Verification(_)
                | command::Document::Payment(_),
            ) => Err(Verdict::Dead(unreadable("such a document is none of Commerce's"))),
            None => Err(Verdict::Dead(unreadable("it names no document of this version"))),
        };
        applied.err().unwrap_or(Verdict::Done)
    }

    /// Makes an order bear a comment.
    async fn comment(&self, delivery: &Delivery, command: &Command, comment: Comment) -> Result<(), Verdict> {
        let attributes_alone = comment.text.is_empty() && !comment.attributes.is_empty();
        if comment.mark.is_empty() || !(attributes_alone || comment.text.contains(&comment.mark)) {
            return Err(Verdict::Dead(unreadable("its text does not hold its mark")));
        }
        let document = Document {
            address: self.driver.log.outcome(TARGET, Entity::Comment, delivery.address.key()),
            what: Entity::Comment,
            wanted: wanted(delivery, command, sha256(&comment.encode_to_vec())),
            entry: Outcome {
                external_reference: comment.mark.clone(),
                change_version: command.change_version.clone(),
                ..Outcome::default()
            },
            key: comment,
            // An order is read before it is written to.
            placed: "",
            marks: &[],
        };
        let mut held = None;
        for _ in 0..TRIES {
            match self.driver.create(delivery, &document, &document.key, held).await? {
                Ended::Done(_) => return Ok(()),
                // The record tells of an earlier comment on the same matter. That one stays, and this one is another.
                Ended::Differs(_, before) => held = Some(Current { record: Record::Absent, ..*before }),
            }
        }
        Err(Verdict::moved(delivery.delivered, "the comment's record"))
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
