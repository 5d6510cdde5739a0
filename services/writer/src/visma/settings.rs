//! Settings for writing to Visma.

use effect::Policy;
use pipeline::settings::Span;
use problem::{Code, Problem};
use serde::Deserialize;

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
    /// While nothing gets through: the longest wait between two calls that try.
    pub probe_wait: Span,
    /// From this many documents in doubt on, they are looked up in one sweep.
    pub sweep_from: usize,
}

impl Settings {
    pub(super) fn policy(&self) -> Result<Policy, Problem> {
        let policy = Policy {
            doubt_wait: self.doubt_wait.0,
            send_within: self.send_within.0,
            looks: self.looks,
            look_spacing: self.look_spacing.0,
            fault_wait: self.fault_wait.0,
            attempts: self.attempts,
        };
        let wrong = |e| Problem::new(Code::SettingsInvalid, format!("[visma.create]: {e}"), "correct the figures");
        policy.check().map_err(wrong).map(|()| policy)
    }
}

/// Handling of documents besides creating them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// A document waits for what it depends on (its customer, its invoice) for so long before a person is asked.
    pub patience: Span,
    /// A payment waits for what it settles to be booked and released for so long before a person is asked, and a
    /// reference for the invoice that it is written on to be booked.
    pub release_patience: Span,
    /// Release an invoice once its total was compared and found right.
    pub release_invoices: bool,
    /// Release a credit note once its total was compared and found right.
    pub release_credit_notes: bool,
    /// Release a payment once it stands.
    pub release_payments: bool,
    /// Apply a credit note to the invoices that it credits, as far as the last poll saw something open of them.
    pub apply_credit_notes: bool,
    /// Which text of the invoice carries the Commerce invoices' numbers.
    pub reference_in: ReferenceIn,
    /// Reaction when Visma does not let a reference be written on a released invoice.
    pub reference_on_released: OnReleased,
}

/// A text of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceIn {
    /// The internal note.
    Note,
    /// The text on the head.
    Text,
}

/// Reaction to a refusal for the reason that the invoice is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnReleased {
    /// An outcome that says so.
    Outcome,
    /// A dead letter.
    DeadLetter,
}
