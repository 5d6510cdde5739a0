//! Tells whether Visma keeps pinned VAT, from the documents that were read in Visma.

use std::fmt;

use serde::Serialize;
use visma::compare::Pins;

/// Documents of one company that show whether Visma keeps pinned VAT, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pinning {
    /// Documents that hold VAT which Visma would not have computed.
    pub kept: usize,
    /// Documents that hold what Visma computes, where something else was pinned.
    pub not_kept: usize,
    /// One of those that were not kept, else of those that were.
    pub example: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Pins stand: `pin_vat = true` is right.
    Kept,
    /// Pins do not stand: `pin_vat = false` is right.
    NotKept,
    /// No document has told yet.
    Unknown,
}

impl Pinning {
    /// Returns what is known. One document whose pins were not kept outweighs those whose were: its VAT is off.
    #[must_use]
    pub fn proof(&self) -> Proof {
        match self {
            Self { not_kept: 1.., .. } => Proof::NotKept,
            Self { kept: 1.., .. } => Proof::Kept,
            Self { .. } => Proof::Unknown,
        }
    }

    /// Notes what one document tells.
    pub(super) fn note(&mut self, number: &str, pins: Pins) {
        match pins {
            Pins::Unknown => {}
            Pins::Kept => {
                self.kept = self.kept.saturating_add(1);
                self.example.get_or_insert_with(|| number.to_owned());
            }
            Pins::NotKept => {
                if self.not_kept == 0 {
                    self.example = Some(number.to_owned());
                }
                self.not_kept = self.not_kept.saturating_add(1);
            }
        }
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = self.example.as_deref().unwrap_or_default();
        match self.proof() {
            Proof::Kept => write!(out, "Visma keeps VAT that is pinned, as {example} shows (pin_vat = true)"),
            Proof::NotKept => {
                write!(out, "Visma does not keep VAT that is pinned, as {example} shows (pin_vat = false)")
            }
            Proof::Unknown => write!(out, "no document shows yet whether Visma keeps VAT that is pinned"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_that_was_not_kept_outweighs_the_others() {
        let mut pinning = Pinning::default();
        assert_eq!(pinning.proof(), Proof::Unknown);
        pinning.note("1", Pins::Unknown);
        pinning.note("2", Pins::Kept);
        assert_eq!((pinning.proof(), pinning.example.as_deref()), (Proof::Kept, Some("2")));
        pinning.note("3", Pins::NotKept);
        pinning.note("4", Pins::NotKept);
        assert_eq!((pinning.proof(), pinning.example.as_deref()), (Proof::NotKept, Some("3")));
        assert!(pinning.to_string().contains("does not keep"), "{pinning}");
    }
}
