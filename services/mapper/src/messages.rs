//! From a decision to messages.

use bytes::Bytes;
use mapping::InvoiceCommand;
use pipeline::broker::take::Delivery;
use pipeline::broker::{Broker, Publisher, Put, streams};
use pipeline::envelope::{self, Cause, Envelope, derived_id, header};
use pipeline::problem::Problem;
use pipeline::service::Context;
use proto::{Command, Kind, Message as _, Outcome, Predicted, TaxDetail, command, owner};

use crate::NAME;
use crate::references::REFERENCE;

/// Makes and publishes commands and mapping's own outcomes.
#[derive(Debug)]
pub(crate) struct Messages {
    broker: Broker,
    commands: Publisher,
    outcomes: Publisher,
    mapping_version: String,
}

impl Messages {
    pub(crate) fn open(context: &Context, mapping_version: &str) -> Self {
        Self {
            broker: context.broker.clone(),
            commands: context.broker.publisher(streams::COMMANDS),
            outcomes: context.broker.publisher(streams::OUTCOMES),
            mapping_version: mapping_version.to_owned(),
        }
    }

    /// Publishes the command of an invoice: its record's key and its lane, whose it is and the sequence of the
    /// customer's command that it relies on.
    pub(crate) async fn invoice(
        &self,
        delivery: &Delivery,
        (key, lane): (&str, &str),
        (owner, relies_on): (owner::Customer, u64),
        invoice: InvoiceCommand,
    ) -> Result<(), Problem> {
        let reference = invoice.reference.clone();
        let document = command::Document::Invoice(document(invoice, owner, relies_on));
        let subject = self.broker.subjects.command("visma", "invoice", key, lane);
        let mut put = self.command(delivery, subject, lane, document);
        put.headers.insert(REFERENCE, reference.as_str());
        self.publish(put).await?;
        Ok(())
    }

    /// Publishes a command; its sequence in the stream.
    pub(crate) async fn publish(&self, put: Put) -> Result<u64, Problem> {
        Ok(self.commands.put(put).await?.sequence)
    }

    /// The message of one command.
    pub(crate) fn command(&self, delivery: &Delivery, subject: String, lane: &str, document: command::Document) -> Put {
        let sequence = delivery.sequence.to_string();
        let replay_run = String::new();
        let id = derived_id(&["command", &subject, &sequence, &self.mapping_version, &replay_run]);
        let command = Command {
            id: id.clone(),
            change_subject: delivery.subject.clone(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            mapping_version: self.mapping_version.clone(),
            replay_run,
            document: Some(document),
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.command.visma", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        headers.insert(envelope::LANE, lane);
        Put { subject, headers, payload: Bytes::from(command.encode_to_vec()), expect_last: None }
    }

    /// Nothing is to be done about this version of a record, and that is an outcome: nothing is dropped in silence.
    pub(crate) async fn nothing(
        &self,
        delivery: &Delivery,
        entity: &str,
        key: &str,
        (code, why): (&str, &str),
    ) -> Result<(), Problem> {
        let subject = self.broker.subjects.outcome("mapping", entity, key);
        let id = derived_id(&["outcome", &subject, &delivery.sequence.to_string(), &self.mapping_version]);
        let outcome = Outcome {
            kind: Kind::Unchanged.into(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            written_at: pipeline::clock::now_millis(),
            refusal_code: code.to_owned(),
            refusal_sentence: why.to_owned(),
            ..Outcome::default()
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.outcome.mapping", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        headers.insert(envelope::KIND, "unchanged");
        headers.insert(envelope::CODE, code);
        let put = Put { subject, headers, payload: outcome.encode_to_vec().into(), expect_last: None };
        self.outcomes.put(put).await?;
        Ok(())
    }
}

/// An invoice as the wire has it.
fn document(invoice: InvoiceCommand, owner: owner::Customer, relies_on: u64) -> proto::Invoice {
    let vat = invoice.predicted.vat.into_iter();
    let predicted = Predicted {
        total: invoice.predicted.total.to_string(),
        vat: vat
            .map(|v| TaxDetail { vat_code: v.code, taxable: v.taxable.to_string(), vat: v.vat.to_string() })
            .collect(),
        rounding: invoice.predicted.rounding.to_string(),
    };
    proto::Invoice {
        customer: Some(owner),
        predicted: Some(predicted),
        customer_command_sequence: relies_on,
        ..proto::Invoice::from(invoice.invoice)
    }
}
