//! Meaning of a status of Visma's to the people of the shop, and the words for it.
//!
//! Visma has a dozen statuses; a shop wants to know of few: the document is posted, paid in part, settled, void. A
//! comment is written when the meaning changes, and not when the status does.

use rust_decimal::Decimal;
use visma::read::InvoiceRead;

use super::{Note, text};

/// Which kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A customer invoice.
    Invoice,
    /// A customer credit note.
    CreditNote,
}

/// Meaning of a document's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not posted yet; nobody owes anything.
    Draft,
    /// Posted; nothing is paid.
    Open,
    /// Posted; some of it is paid.
    Partly,
    /// Nothing is left of it: paid, refunded, or taken up by another document.
    Closed,
    /// Taken back.
    Voided,
    /// A status that came later than this list, or none.
    Unknown,
}

impl Standing {
    /// Returns the meaning of a document's status.
    #[must_use]
    pub fn of(document: &InvoiceRead) -> Self {
        match document.status.as_deref() {
            Some("Closed") => Self::Closed,
            Some("Voided") => Self::Voided,
            Some("Open") => match (document.open_balance(), document.total()) {
                (Some(balance), Some(total)) if balance < total && balance > Decimal::ZERO => Self::Partly,
                _ => Self::Open,
            },
            Some(
                "Hold" | "Balanced" | "Scheduled" | "PendingPrint" | "PendingEmail" | "CreditHold" | "CcHold"
                | "Reserved",
            ) => Self::Draft,
            Some(_) | None => Self::Unknown,
        }
    }

    /// One word, for the mark.
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Draft | Self::Unknown => None,
            Self::Open => Some("open"),
            Self::Partly => Some("partly"),
            Self::Closed => Some("closed"),
            Self::Voided => Some("voided"),
        }
    }
}

/// The comment for the shop's order about a document of ours, when what its status means has changed since `before`
/// (`None` when it was not seen before).
#[must_use]
pub fn standing_note(kind: Document, before: Option<&InvoiceRead>, now: &InvoiceRead) -> Option<Note> {
    let standing = Standing::of(now);
    if before.map(Standing::of) == Some(standing) {
        return None;
    }
    let word = standing.word()?;
    let (name, token) = match kind {
        Document::Invoice => ("invoice", "invoice"),
        Document::CreditNote => ("credit note", "creditnote"),
    };
    let meaning = match (kind, standing) {
        (_, Standing::Open) => "is posted",
        (Document::Invoice, Standing::Partly) => "is paid in part",
        (Document::CreditNote, Standing::Partly) => "is settled in part",
        (Document::Invoice, Standing::Closed) => "is closed: nothing is left to pay",
        (Document::CreditNote, Standing::Closed) => "is closed: settled in full",
        (_, Standing::Voided) => "is void",
        (_, Standing::Draft | Standing::Unknown) => return None,
    };
    let currency = now.currency.as_deref();
    let total = text::money(now.total(), currency).map(|total| format!(" for {total}")).unwrap_or_default();
    let balance = match standing {
        Standing::Open | Standing::Partly => text::money(now.open_balance(), currency),
        Standing::Draft | Standing::Closed | Standing::Voided | Standing::Unknown => None,
    };
    let balance = balance.map(|balance| format!(", {balance} open")).unwrap_or_default();
    let number = text::plain(&now.number);
    Some(Note {
        mark: format!("[ml:{token} {number} {word}]"),
        text: format!("Visma {name} {number}{total} {meaning}{balance}."),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(status: &str, balance: &str) -> InvoiceRead {
        let value = json!({"referenceNumber": "100123", "status": status, "amountInCurrency": "1800.0000",
            "balanceInCurrency": balance, "currencyId": "NOK"});
        InvoiceRead::read(&value).unwrap()
    }

    #[test]
    fn the_life_of_an_invoice_is_a_few_comments() {
        let life = [
            ("Hold", "1800"),
            ("Balanced", "1800"),
            ("Open", "1800"),
            ("Open", "1800"),
            ("Open", "800"),
            ("Open", "300"),
            ("Closed", "0"),
            ("Closed", "0"),
        ];
        let mut before = None;
        let mut notes = Vec::new();
        for (status, balance) in life {
            let now = document(status, balance);
            notes.extend(
                standing_note(Document::Invoice, before.as_ref(), &now).map(|n| format!("{} {}", n.text, n.mark)),
            );
            before = Some(now);
        }
        insta::assert_json_snapshot!("life_of_an_invoice", notes);
    }

    #[test]
    fn a_document_that_is_first_seen_posted_is_told_of() {
        let note = standing_note(Document::CreditNote, None, &document("Closed", "0")).unwrap();
        insta::assert_json_snapshot!("closed_credit_note", [note.text, note.mark]);
        assert_eq!(standing_note(Document::Invoice, None, &document("Hold", "1800")), None);
        assert_eq!(standing_note(Document::Invoice, None, &document("Sleeping", "1800")), None);
        assert!(standing_note(Document::Invoice, None, &document("Voided", "0")).unwrap().text.ends_with("is void."));
    }

    #[test]
    fn a_balance_that_is_not_told_is_no_part_payment() {
        let value = json!({"referenceNumber": "1", "status": "Open", "amount": 10});
        assert_eq!(Standing::of(&InvoiceRead::read(&value).unwrap()), Standing::Open);
    }
}
