//! Checks whether somebody changed what was posted.

use problem::Code;
use serde_json::Value;
use visma::payload::booked;
use visma::read::InvoiceRead;

use super::text;
use crate::decision::Refusal;
use crate::refusal::refuse;

/// The code of it.
const RELEASED_DOCUMENT_CHANGED: Code = Code::ReleasedDocumentChanged;

/// Compares two versions of a document; a refusal when the first was released and its amounts, VAT, accounts or
/// customer are others now. A version that does not tell its lines proves nothing.
#[must_use]
pub fn altered(before: (&InvoiceRead, &Value), now: (&InvoiceRead, &Value)) -> Option<Refusal> {
    if !before.0.is_released() {
        return None;
    }
    let (was, is) = (booked(before.1)?, booked(now.1)?);
    if was == is {
        return None;
    }
    let total = |document: &InvoiceRead| {
        text::money(document.total(), document.currency.as_deref()).unwrap_or_else(|| "an unknown amount".to_owned())
    };
    let sentence = format!(
        "Document {} ({}) was changed in Visma after it was released: it was posted over {} and now shows {}; its amounts, \
         VAT, accounts, date or customer are not what they were.",
        now.0.number,
        now.0.external_reference.as_deref().unwrap_or("without reference"),
        total(before.0),
        total(now.0),
    );
    Some(refuse(RELEASED_DOCUMENT_CHANGED, sentence))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invoice(status: &str, account: &str, amount: &str) -> Value {
        let amount: Value = serde_json::from_str(amount).unwrap();
        json!({"referenceNumber": "100123", "externalReference": "WEB-000001042", "documentType": "Invoice",
            "status": status, "amount": amount, "currencyId": "NOK", "balance": 0,
            "invoiceLines": [{"lineNumber": 1, "amount": amount, "account": {"number": account}}]})
    }

    fn of(before: &Value, now: &Value) -> Option<Refusal> {
        let read = |value| InvoiceRead::read(value).unwrap();
        altered((&read(before), before), (&read(now), now))
    }

    #[test]
    fn a_draft_may_change_and_a_released_document_may_be_paid() {
        assert_eq!(of(&invoice("Balanced", "3000", "10"), &invoice("Balanced", "3010", "12")), None);
        assert_eq!(of(&invoice("Balanced", "3000", "10"), &invoice("Open", "3010", "10")), None);
        assert_eq!(of(&invoice("Open", "3000", "10"), &invoice("Closed", "3000", "10.00")), None);
    }

    #[test]
    fn a_released_document_that_changed_is_told_with_both_amounts() {
        let refusal = of(&invoice("Open", "3000", "10"), &invoice("Open", "3000", "12.5")).unwrap();
        assert_eq!(refusal.code, RELEASED_DOCUMENT_CHANGED);
        for part in ["100123", "WEB-000001042", "10.00 NOK", "12.50 NOK"] {
            assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
        }
        assert!(of(&invoice("Closed", "3000", "10"), &invoice("Closed", "3010", "10")).is_some(), "another account");
    }

    #[test]
    fn what_tells_no_lines_proves_nothing() {
        let bare = json!({"referenceNumber": "100123", "status": "Open", "amount": 99});
        assert_eq!(of(&invoice("Open", "3000", "10"), &bare), None);
    }
}
