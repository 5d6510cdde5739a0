//! Documents that were seen in Visma's books, and what of them the shop shall see.
//!
//! A poll gives a document as it stands now; what it was before, and what was predicted of it, stand in the log. From
//! these alone follow: what is to be verified, whether somebody changed what was posted, which words go to the order
//! in the shop. Pure, as all of this crate.

mod altered;
mod standing;
mod supply;
mod text;

use commerce::comment;

pub use altered::altered;
pub use standing::{Document, Standing, standing_note};
pub use supply::{sales_orders, supplier_entry, supplier_note};

/// A comment for an order of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stands in the text and in no other comment's: the order that has it needs no second one.
    pub mark: String,
    /// Without the mark.
    pub text: String,
}

impl Note {
    /// The note of a connection: two companies behind one shop do not take each other's comments for their own.
    #[must_use]
    pub fn of(self, connection: &str) -> Self {
        Self { mark: comment::mark_of(&self.mark, &text::plain(connection)), ..self }
    }
}
