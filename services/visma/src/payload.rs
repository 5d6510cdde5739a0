//! A polled record as the payload of a change: what of it is content, and what of it stays readable.

use serde_json::Value;

use crate::decimal;

/// Fields of a document that move without it having changed: a list's own figures, versions, times of writing.
pub const VOLATILE: &[&str] = &["metadata", "timeStamp", "lastModifiedDateTime", "errorInfo"];

/// The same of a customer, but for its version: whoever writes to it next must send the newest, also one of an edit
/// that the record does not show.
pub const VOLATILE_IN_CUSTOMER: &[&str] = &["metadata", "lastModifiedDateTime", "errorInfo"];

/// A record that another one refers to.
const REFERRED: &[&str] = &["countryId", "id", "internalId", "number", "type", "value"];
/// The same, of the company's own settings: people know them by their names.
const NAMED: &[&str] = &["description", "id", "name", "number", "type", "value"];
const SUBACCOUNT: &[&str] = &["description", "id", "subaccountNumber"];
const SEGMENTS: &[&str] = &["segmentDescription", "segmentValue", "segmentValueDescription"];

/// The texts of a customer that stay readable, by the names that lead to them. Names, addresses, numbers of people and
/// bank accounts are sealed, and whatever else is not listed; a sole trader's organisation number is a person's.
pub const READABLE_IN_CUSTOMER: &[(&[&str], &[&str])] = &[
    (
        &[],
        &[
            "createdDateTime",
            "creditVerification",
            "currencyId",
            "defaultPaymentMethodId",
            "lastModifiedDateTime",
            "number",
            "statementType",
            "status",
            "timeStamp",
        ],
    ),
    (&["attributes"], &["id"]),
    (&["creditTerms"], NAMED),
    (&["customerClass"], NAMED),
    (&["deliveryAddress", "country"], NAMED),
    (&["deliveryAddress", "county"], NAMED),
    (&["invoiceAddress", "country"], NAMED),
    (&["invoiceAddress", "county"], NAMED),
    (&["location"], REFERRED),
    (&["mainAddress", "country"], NAMED),
    (&["mainAddress", "county"], NAMED),
    (&["parentRecord"], REFERRED),
    (&["paymentMethods"], &["paymentMethodId"]),
    (&["priceClass"], NAMED),
    (&["vatZone"], NAMED),
];

/// The texts of a document itself that stay readable: its numbers, states, dates and periods. Amounts are numbers, and
/// are read without keys where they come as texts, too.
const DOCUMENT: &[&str] = &[
    "amount",
    "amountInCurrency",
    "approvalStatus",
    "balance",
    "balanceInCurrency",
    "cashDiscountDate",
    "closedFinancialPeriod",
    "createdDateTime",
    "currency",
    "currencyId",
    "customer",
    "date",
    "documentDate",
    "documentDueDate",
    "documentType",
    "dueDate",
    "endDate",
    "externalReference",
    "financialPeriod",
    "lastModifiedDateTime",
    "orderNbr",
    "orderType",
    "origInvoiceDate",
    "payDate",
    "postPeriod",
    "promisedOn",
    "referenceNumber",
    "salesOrderNbr",
    "salesOrderType",
    "shippingDestinationType",
    "startDate",
    "status",
    "supplier",
    "taxCalculationMode",
    "timeStamp",
    "vatTotal",
    "vatTotalInCurrency",
];

/// Fields of a line that stay readable: what it is booked on, and for which article.
const LINE: &[&str] = &[
    "account",
    "amount",
    "amountInCurrency",
    "discountCode",
    "endDate",
    "inventoryNumber",
    "itemType",
    "lineNumber",
    "lineType",
    "orderType",
    "poNumber",
    "poReceiptNbr",
    "quantity",
    "soOrderNbr",
    "soOrderType",
    "startDate",
    "subaccount",
    "termEndDate",
    "termStartDate",
    "uom",
    "vatCode",
];

/// Fields of VAT that stay readable.
const TAX: &[&str] = &["taxId", "taxableAmount", "vatAmount", "vatId"];

/// The texts of a document that stay readable: of an invoice, a credit note, an order, of a customer or to a supplier.
/// The booked fields are among them: two versions are compared when a key is gone, too.
pub const READABLE_IN_DOCUMENT: &[(&[&str], &[&str])] = &[
    (&[], DOCUMENT),
    (&["account"], NAMED),
    (&["branch"], NAMED),
    (&["branchNumber"], NAMED),
    (&["contact"], REFERRED),
    (&["creditTerms"], NAMED),
    (&["customer"], REFERRED),
    (&["customerVatZone"], NAMED),
    (&["invoiceAddress", "country"], NAMED),
    (&["invoiceAddress", "county"], NAMED),
    (&["invoiceLines"], LINE),
    (&["invoiceLines", "account"], NAMED),
    (&["invoiceLines", "branchNumber"], NAMED),
    (&["invoiceLines", "subaccount"], SUBACCOUNT),
    (&["invoiceLines", "subaccount", "segments"], SEGMENTS),
    (&["invoiceLines", "vatCode"], NAMED),
    (&["lines"], LINE),
    (&["lines", "account"], NAMED),
    (&["lines", "branch"], NAMED),
    (&["lines", "branchNumber"], NAMED),
    (&["lines", "inventory"], NAMED),
    (&["lines", "sub"], SUBACCOUNT),
    (&["lines", "sub", "segments"], SEGMENTS),
    (&["lines", "subaccount"], SUBACCOUNT),
    (&["lines", "subaccount", "segments"], SEGMENTS),
    (&["lines", "taxCategory"], NAMED),
    (&["lines", "vatCode"], NAMED),
    (&["lines", "warehouse"], NAMED),
    (&["location"], REFERRED),
    (&["owner"], REFERRED),
    (&["paymentMethod"], NAMED),
    (&["remitAddress", "country"], NAMED),
    (&["remitAddress", "county"], NAMED),
    (&["shipTo"], REFERRED),
    (&["shippingAddress", "country"], NAMED),
    (&["shippingAddress", "county"], NAMED),
    (&["subaccount"], SUBACCOUNT),
    (&["subaccount", "segments"], SEGMENTS),
    (&["supplier"], REFERRED),
    (&["supplierTaxZone"], NAMED),
    (&["supplierVatZone"], NAMED),
    (&["taxDetailLines"], TAX),
    (&["taxDetailLines", "vatId"], NAMED),
    (&["taxDetails"], TAX),
    (&["taxDetails", "vatId"], NAMED),
    (&["warehouse"], NAMED),
];

/// Fields of a document that were booked: nobody may change them after the release.
const BOOKED: [&str; 10] = [
    "documentType",
    "customer",
    "documentDate",
    "financialPeriod",
    "currencyId",
    "amount",
    "amountInCurrency",
    "vatTotal",
    "vatTotalInCurrency",
    "taxDetails",
];

/// The lines, under either name.
const LINES: [&str; 2] = ["invoiceLines", "lines"];

/// Fields of a line that were booked.
const BOOKED_OF_LINES: [&str; 8] =
    ["lineNumber", "inventoryNumber", "quantity", "amount", "amountInCurrency", "account", "vatCode", "subaccount"];

/// Where the e-mail address of the person stands whom a customer is about; some clients have seen values in wrappers.
pub const PERSON: &[&[&str]] = &[&["mainContact", "email"], &["mainContact", "email", "value"]];

/// Returns the booked fields of a document, in one spelling: amounts, VAT, accounts, whose it is and when. Names are
/// not in it, whether sealed or not. `None` for a document whose lines are not told.
#[must_use]
pub fn booked(document: &Value) -> Option<Value> {
    let lines = LINES.iter().find_map(|name| document.get(*name)).and_then(Value::as_array)?;
    let pick = |record: &Value, names: &[&str]| {
        let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), spelled_alike(record.get(*name)?))));
        Value::Object(fields.filter(|(_, field)| !field.is_null()).collect())
    };
    let lines: Vec<Value> = lines.iter().map(|line| pick(line, &BOOKED_OF_LINES)).collect();
    Some(Value::from(vec![pick(document, &BOOKED), Value::from(lines)]))
}

/// Without what people may rename (names and descriptions of accounts, customers, VAT codes and segments), and numbers
/// without trailing zeros.
fn spelled_alike(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = |name: &str, field: &Value| {
                !field.is_null() && name != "name" && !name.to_ascii_lowercase().ends_with("description")
            };
            let fields = fields.iter().filter(|(name, field)| said(name, field));
            Value::Object(fields.map(|(name, field)| (name.clone(), spelled_alike(field))).collect())
        }
        Value::Array(items) => items.iter().map(spelled_alike).collect(),
        Value::Number(number) => match decimal::exact(number) {
            Ok(exact) => Value::from(exact.normalize().to_string()),
            Err(_) => Value::from(number.as_str()),
        },
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other.clone(),
    }
}

/// An e-mail address in the one spelling in which addresses are compared.
#[must_use]
pub fn spelled(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_booked_is_neither_status_nor_balance_nor_a_name() {
        let invoice = |account: &str, status: &str, name: &str, amount: &str| {
            let text = format!(
                r#"{{"status":"{status}","balance":1,"amount":{amount},"customer":{{"number":"1","name":"{name}"}},
                "invoiceLines":[{{"lineNumber":1,"amount":10,"account":{{"number":"{account}","description":"{name}"}},
                "description":"{name}"}}]}}"#
            );
            booked(&serde_json::from_str(&text).unwrap()).unwrap()
        };
        let released = invoice("3000", "Open", "Kari", "10.00");
        assert_eq!(released, invoice("3000", "Closed", "sealed", "1e1"));
        assert_ne!(released, invoice("3010", "Open", "Kari", "10.00"));
        assert_ne!(released, invoice("3000", "Open", "Kari", "10.01"));
        assert_eq!(booked(&json!({"amount": 10})), None);
        assert_ne!(booked(&json!({"lines": [{"amount": 1}]})), booked(&json!({"lines": [{"amount": 2}]})));
    }

    #[test]
    fn what_was_booked_stays_readable() {
        let listed = |path: &[&str]| READABLE_IN_DOCUMENT.iter().find(|(at, _)| *at == path).map(|(_, texts)| *texts);
        let top = listed(&[]).unwrap();
        // Lists have no text themselves.
        assert!(BOOKED.iter().all(|name| top.contains(name) || *name == "taxDetails"));
        for lines in LINES {
            assert!(BOOKED_OF_LINES.iter().all(|name| listed(&[lines]).unwrap().contains(name)), "{lines}");
        }
    }
}
