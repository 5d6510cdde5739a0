//! The state of an order. Its `status` is a merchant's own name within a state: logic goes by the state.

use std::fmt;

use serde::Deserialize;

/// Where an order stands, as core Commerce defines it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub enum OrderState {
    /// Placed.
    New,
    /// A payment is awaited from outside.
    PendingPayment,
    /// Paid or shipped in part.
    Processing,
    /// Paid and shipped in full.
    Complete,
    /// Refunded in full.
    Closed,
    /// Cancelled.
    Canceled,
    /// On hold.
    Holded,
    /// The payment is under review.
    PaymentReview,
    /// A state that core Commerce does not know.
    Other(String),
}

impl OrderState {
    /// The state as Commerce spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "new",
            Self::PendingPayment => "pending_payment",
            Self::Processing => "processing",
            Self::Complete => "complete",
            Self::Closed => "closed",
            Self::Canceled => "canceled",
            Self::Holded => "holded",
            Self::PaymentReview => "payment_review",
            Self::Other(other) => other,
        }
    }
}

impl From<String> for OrderState {
    fn from(text: String) -> Self {
        match text.as_str() {
            "new" => Self::New,
            "pending_payment" => Self::PendingPayment,
            "processing" => Self::Processing,
            "complete" => Self::Complete,
            "closed" => Self::Closed,
            "canceled" => Self::Canceled,
            "holded" => Self::Holded,
            "payment_review" => Self::PaymentReview,
            _ => Self::Other(text),
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
