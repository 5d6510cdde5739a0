//! Supplier invoices: which orders of the shop they serve, and the words for them.

use serde_json::{Map, Value};
use visma::read::SupplierInvoiceRead;

use super::{Note, text};
use crate::file::Mapping;

/// Increment ids of the shop's orders that a purchase order serves, each once: what the first rule of the mapping file
/// finds that finds any.
#[must_use]
pub fn sales_orders(purchase_order: &Value, mapping: &Mapping) -> Vec<String> {
    let rules = mapping.sales_orders.iter();
    rules.map(|rule| rule.find(purchase_order)).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The comment for an order of the shop about a supplier invoice that serves it.
#[must_use]
pub fn supplier_note(invoice: &SupplierInvoiceRead) -> Note {
    let kind = match invoice.document_type.as_deref() {
        None | Some("Invoice") => "invoice",
        Some("CreditAdj") => "credit adjustment",
        Some("DebitAdj") => "debit adjustment",
        Some("Prepayment") => "prepayment",
        Some(_) => "document",
    };
    let number = text::plain(&invoice.number);
    let supplier = match (&invoice.supplier.name, &invoice.supplier.number) {
        (Some(name), Some(number)) => format!(" from {} ({})", text::plain(name), text::plain(number)),
        (Some(one), None) | (None, Some(one)) => format!(" from {}", text::plain(one)),
        (None, None) => String::new(),
    };
    let theirs = invoice.supplier_reference.as_deref().map(text::plain).filter(|theirs| !theirs.is_empty());
    let theirs = theirs.map(|theirs| format!(", their number {theirs}")).unwrap_or_default();
    let date = invoice.date.map(|date| format!(", dated {}", date.date())).unwrap_or_default();
    let amount = text::money(invoice.amount, invoice.currency.as_deref());
    let amount = amount.map(|amount| format!(": {amount}")).unwrap_or_default();
    let status = invoice.status.as_deref().map(|status| format!(", {}", text::plain(status).to_lowercase()));
    Note {
        mark: format!("[ml:supplierinvoice {}]", text::plain(&invoice.key())),
        text: format!("Supplier {kind} {number}{supplier}{theirs}{date}{amount}{}.", status.unwrap_or_default()),
    }
}

/// A supplier invoice for programs, as one JSON object: an entry in the attribute of the orders that it serves.
#[must_use]
pub fn supplier_entry(invoice: &SupplierInvoiceRead) -> String {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            entry.insert(name.to_owned(), value.into());
        }
    };
    let plain = |text: &Option<String>| text.as_deref().map(text::plain);
    put("document", Some(text::plain(&invoice.key())));
    put("supplier", plain(&invoice.supplier.number));
    put("supplier_name", plain(&invoice.supplier.name));
    put("supplier_reference", plain(&invoice.supplier_reference));
    put("date", invoice.date.map(|date| date.date()));
    put("amount", text::money(invoice.amount, None));
    put("currency", plain(&invoice.currency));
    put("status", plain(&invoice.status));
    Value::from(entry).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(rules: &str) -> Mapping {
        let default = crate::DEFAULT;
        let (before, after) = default.split_once("[[sales_order]]").unwrap();
        let rest = after.split_once("\n# ---").map_or("", |(_, rest)| rest);
        Mapping::parse(&format!("{before}{rules}\n# ---{rest}")).unwrap()
    }

    #[test]
    fn the_shipped_rules_read_what_people_write() {
        let mapping = Mapping::parse(crate::DEFAULT).unwrap();
        let found = |order: Value| sales_orders(&order, &mapping);
        assert_eq!(found(json!({"supplierRef": "000001042"})), ["000001042"]);
        assert_eq!(found(json!({"supplierRef": " #2000000017 "})), ["2000000017"]);
        // The number of a store view from the tenth on has two digits, and stands before the order's nine.
        assert_eq!(found(json!({"supplierRef": "13000000001"})), ["13000000001"]);
        assert_eq!(found(json!({"note": "For #13000000002."})), ["13000000002"]);
        assert_eq!(found(json!({"supplierRef": {"value": "000001042-1"}})), ["000001042-1"]);
        assert_eq!(
            found(json!({"supplierRef": "Acme 9", "note": "For WEB-000001042 and #000001043."})),
            ["000001042", "000001043"]
        );
        assert!(found(json!({"supplierRef": "4711", "note": "call +47 22334455 first"})).is_empty());
        assert!(found(json!({"supplierRef": null})).is_empty());
    }

    #[test]
    fn a_company_has_its_own_way() {
        let mapping = mapping(
            r#"[[sales_order]]
            attribute = "SHOPORDER"
            pattern = '^(\d+)$'
            [[sales_order]]
            field = "/lines/0/lineDescription"
            pattern = 'ordre (?<order>[A-Z]+-\d+)'"#,
        );
        let found = |order: Value| sales_orders(&order, &mapping);
        assert_eq!(
            found(json!({"attributes": [{"id": "X", "value": "1"}, {"id": "SHOPORDER", "value": "17"}]})),
            ["17"]
        );
        assert_eq!(found(json!({"lines": [{"lineDescription": "Boot 42, ordre NO-17"}]})), ["NO-17"]);
        assert!(found(json!({"supplierRef": "000001042"})).is_empty(), "the shipped rules are gone");
    }

    #[test]
    fn a_rule_that_can_find_nothing_is_refused_when_the_file_is_loaded() {
        let refused = |rule: &str| {
            let text = format!("{}\n[[sales_order]]\n{rule}\n", crate::DEFAULT);
            Mapping::parse(&text).unwrap_err().to_string()
        };
        assert!(refused("field = \"note\"\npattern = 'WEB-[0-9]+'").contains("no group"));
        assert!(refused("field = \"note\"\npattern = '(WEB'").contains("no regular expression"));
        assert!(refused("pattern = '(.)'").contains("say where to look"));
        assert!(refused("field = \"note\"\nattribute = \"A\"\npattern = '(.)'").contains("one place"));
        assert!(refused("field = \"note\"").contains("missing"));
    }

    #[test]
    fn a_supplier_invoice_in_words() {
        let read = |value: &Value| supplier_note(&SupplierInvoiceRead::read(value).unwrap());
        let full = json!({"documentType": "Invoice", "referenceNumber": "300045", "status": "Open", "amount": 1250.0000,
            "supplier": {"number": "50000", "name": "Grossist <AS>"}, "supplierReference": "INV-9", "currencyId": "NOK",
            "date": "2026-11-20T00:00:00"});
        insta::assert_json_snapshot!("supplier_invoice", [read(&full).text, read(&full).mark]);
        let entry = |value: &Value| supplier_entry(&SupplierInvoiceRead::read(value).unwrap());
        insta::assert_snapshot!("supplier_invoice_entry", entry(&full));
        let bare = json!({"referenceNumber": "300046", "documentType": "CreditAdj"});
        insta::assert_json_snapshot!("supplier_credit", [read(&bare).text, read(&bare).mark]);
        assert_eq!(entry(&bare), r#"{"document":"CreditAdj-300046"}"#);
    }
}
