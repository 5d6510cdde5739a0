use rust_decimal::Decimal;
use serde_json::json;

use super::*;

fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal::from_str_exact(text).unwrap())
}

/// As assembled from Visma's forum and schema; figures with the zeros that Visma sends.
const INVOICE: &str = r#"{"documentType":"Invoice","referenceNumber":"100123","status":"Balanced","hold":false,
 "customer":{"number":"10000","name":"Fjord Sport AS"},"currencyId":"NOK","exchangeRate":1.00000000,
 "externalReference":"WEB-000000123","amount":1800.0000,"amountInCurrency":1800.0000,"vatTotal":360.0000,
 "vatTotalInCurrency":3.6E+2,"invoiceLines":[{"lineNumber":1}],"createdDateTime":"2020-08-05T15:13:15.643",
 "lastModifiedDateTime":"2020-08-05T15:13:15.643","timeStamp":"AAAAAE0YIiI=","metadata":{"totalCount":1}}"#;

#[test]
fn an_invoice_is_read_to_the_digit() {
    let read = InvoiceRead::read(&serde_json::from_str(INVOICE).unwrap()).unwrap();
    assert_eq!(read.number, "100123");
    assert_eq!(read.customer_number.as_deref(), Some("10000"));
    assert_eq!(read.external_reference.as_deref(), Some("WEB-000000123"));
    assert_eq!(read.hold, Some(false));
    assert_eq!(read.amount_in_currency, decimal("1800.0000"));
    assert_eq!(read.amount_in_currency.unwrap().to_string(), "1800.0000");
    assert_eq!(read.vat_total_in_currency, decimal("360"));
    assert_eq!(read.last_modified.unwrap().to_string(), "2020-08-05T15:13:15.643");
    assert_eq!(read.time_stamp.unwrap().as_str(), "AAAAAE0YIiI=");
    assert_eq!(read.vat_total, decimal("360"));
}

#[test]
fn stray_wrapping_and_gaps_are_no_errors() {
    let value = json!({
        "referenceNumber": {"value": "100123"}, "hold": {"value": true, "description": "Hold"},
        "documentType": {"value": "CreditNote"}, "customer": "10000", "amount": {"value": 12.5},
        "externalReference": "", "lastModifiedDateTime": null,
    });
    let read = InvoiceRead::read(&value).unwrap();
    assert_eq!(read.number, "100123");
    assert_eq!(read.hold, Some(true));
    assert_eq!(read.customer_number.as_deref(), Some("10000"));
    assert_eq!(read.amount, decimal("12.5"));
    assert_eq!(read.external_reference, None);
    assert!(!read.is_invoice());
}

#[test]
fn what_nothing_can_be_made_of_is_named() {
    let error = InvoiceRead::read(&json!({"referenceNumber": "1", "amount": "twelve"})).unwrap_err().to_string();
    assert_eq!(error, "the customer document cannot be read: amount: not an amount");
    assert!(InvoiceRead::read(&json!({"amount": 1})).is_err());
    assert!(InvoiceRead::read(&json!({"referenceNumber": ""})).is_err());
    assert!(InvoiceRead::read(&json!({"referenceNumber": "1", "createdDateTime": "soon"})).is_err());
}

#[test]
fn a_customer_is_read() {
    let value = json!({
        "internalId": 27, "number": "10000", "name": "Fjord Sport AS", "status": "Active",
        "mainContact": {"contactId": 1, "email": "ap@example.no", "fax": null},
        "corporateId": "999888777", "vatRegistrationId": "NO999888777MVA",
        "lastModifiedDateTime": "2020-08-05T15:13:15Z", "timeStamp": "\"AAAAAE0YIiI=\"",
    });
    let read = CustomerRead::read(&value).unwrap();
    assert_eq!(read.internal_id, Some(27));
    assert_eq!(read.status, CustomerStatus::Active);
    assert_eq!(read.email.as_deref(), Some("ap@example.no"));
    assert_eq!(read.corporate_id.as_deref(), Some("999888777"));
    assert_eq!(read.time_stamp.unwrap().as_str(), "AAAAAE0YIiI=");

    let bare = CustomerRead::read(&json!({"number": "1", "status": "Sleeping", "mainContact": null})).unwrap();
    assert_eq!(bare.status, CustomerStatus::Other("Sleeping".to_owned()));
    assert_eq!(bare.email, None);
}

#[test]
fn branches_and_periods_are_read() {
    let branch = BranchRead::read(&json!({"branchId": 1, "number": "1", "name": "Fjord", "isActive": true})).unwrap();
    assert_eq!((branch.number.as_str(), branch.is_active), ("1", Some(true)));
    let period = json!({"year": 2026, "period": "112026", "active": true, "closedInCustomerLedger": true,
        "startDate": "2026-11-01T00:00:00"});
    let period = PeriodRead::read(&period).unwrap();
    assert_eq!((period.year, period.closed_in_customer_ledger), (Some(2026), Some(true)));
}

#[test]
fn a_draft_that_shows_no_amount_yet_has_the_total_of_its_lines() {
    let read = |status: &str, amount: &str| {
        let text = format!(
            r#"{{"referenceNumber":"1","status":"{status}","amountInCurrency":{amount},"balanceInCurrency":1800.00}}"#
        );
        InvoiceRead::read(&serde_json::from_str(&text).unwrap()).unwrap()
    };
    assert_eq!(read("Balanced", "0").total(), decimal("1800"));
    assert_eq!(read("Balanced", "1750").total(), decimal("1750"));
    // Paid in part: the balance is no total any longer.
    assert_eq!(read("Open", "0").total(), decimal("0"));
    assert_eq!(read("Open", "1850").open_balance(), decimal("1800"));
    assert!(!read("Balanced", "0").is_released() && read("Closed", "0").is_released());
}

#[test]
fn lines_and_vat_are_read_from_invoices_and_credit_notes() {
    let value = json!({
        "referenceNumber": "9", "documentType": "CreditNote", "taxDetails": null,
        "lines": [{"lineNumber": 1, "account": {"number": "3000"}, "vatCode": {"id": "3"}, "amountInCurrency": 10,
            "subaccount": {"subaccountNumber": "00-000", "segments": []}}],
    });
    let note = InvoiceRead::read(&value).unwrap();
    assert!(note.is_credit_note() && !note.is_invoice());
    let [line] = &note.lines[..] else { panic!("{:?}", note.lines) };
    assert_eq!((line.account.as_deref(), line.vat_code.as_deref()), (Some("3000"), Some("3")));
    assert_eq!(line.subaccount.as_deref(), Some("00-000"));
    let value = json!({
        "referenceNumber": "8", "invoiceLines": [{}, {}],
        "taxDetails": [{"taxId": "3", "recordId": 1, "vatId": {"number": "3"}, "taxableAmount": 10, "vatAmount": 2.5}],
    });
    let invoice = InvoiceRead::read(&value).unwrap();
    assert_eq!(invoice.lines.len(), 2);
    assert_eq!((invoice.tax_details[0].vat_code(), invoice.tax_details[0].vat_amount), (Some("3"), decimal("2.5")));
}

/// Names as in the published schema, figures of Visma's forum.
#[test]
fn a_supplier_invoice_names_its_purchase_orders() {
    let value = json!({
        "documentType": "Invoice", "referenceNumber": "300045", "status": "Open", "supplierReference": "INV-9",
        "supplier": {"number": "50000", "name": "Grossist AS"}, "date": "2026-11-20T00:00:00", "amount": 125.00,
        "currencyId": "NOK", "lastModifiedDateTime": "2026-11-22T09:00:00.123", "timeStamp": "AAAAAE0YIiI=",
        "invoiceLines": [{"lineNumber": 1, "poNumber": "500001"}, {"poNumber": "500000"}, {"poNumber": "500001"},
            {"poNumber": ""}, {"poNumber": null}],
    });
    let read = SupplierInvoiceRead::read(&value).unwrap();
    assert_eq!(read.key(), "Invoice-300045");
    assert_eq!(read.purchase_orders(), ["500001", "500000"]);
    assert_eq!(read.supplier.name.as_deref(), Some("Grossist AS"));
    assert_eq!(read.date.unwrap().date(), "2026-11-20");
    let bare = SupplierInvoiceRead::read(&json!({"referenceNumber": 7, "supplier": null})).unwrap();
    assert_eq!((bare.key().as_str(), bare.supplier.number), ("Invoice-7", None));
}

#[test]
fn a_purchase_order_is_read() {
    let text = r##"{"orderType":"DropShip","orderNbr":"500000","status":"Open","supplierRef":"000001042",
        "note":"for 000001042","lastModifiedDateTime":"2026-11-22T09:00:00","timeStamp":"AAAA"}"##;
    let read = PurchaseOrderRead::decode(text).unwrap();
    assert_eq!((read.number.as_str(), read.supplier_ref.as_deref()), ("500000", Some("000001042")));
    assert_eq!(read.note.as_deref(), Some("for 000001042"));
    assert!(PurchaseOrderRead::decode(r#"{"orderNbr":null}"#).is_err());
}

/// A row is read from its text and a record from its value, and both say the same.
#[test]
fn a_text_says_what_its_value_says() {
    let invoice = InvoiceRead::decode(INVOICE).unwrap();
    assert_eq!(invoice, InvoiceRead::read(&serde_json::from_str(INVOICE).unwrap()).unwrap());
    assert_eq!(invoice.amount_in_currency.unwrap().to_string(), "1800.0000");
    let stray = r#"{"number":{"value":7},"status":{"value":"Inactive","description":"Ina\u006btiv"},"x":[{"y":1e400}],
        "mainContact":{"email":"ap@example.no"},"timeStamp":"\"AAAAAE0YIiI=\""}"#;
    let customer = CustomerRead::decode(stray).unwrap();
    assert_eq!((customer.number.as_str(), &customer.status), ("7", &CustomerStatus::Inactive));
    assert_eq!(customer, CustomerRead::read(&serde_json::from_str(stray).unwrap()).unwrap());
    let error = InvoiceRead::decode(r#"{"referenceNumber":"1","lines":[{"amount":"twelve"}]}"#).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("the customer document cannot be read: lines[0].amount: not an amount"), "{error}");
    assert!(SupplierInvoiceRead::decode("{").is_err() && CustomerRead::decode("7").is_err());
}

#[test]
fn the_next_open_period_is_found_in_either_spelling() {
    let period = |period: &str, start: &str, closed: bool| {
        let row = json!({"period": period, "startDate": format!("{start}T00:00:00"), "active": true,
            "closedInCustomerLedger": closed, "closedInGeneralLedger": false});
        PeriodRead::read(&row).expect("a period")
    };
    let year = [
        period("202701", "2027-01-01", false),
        period("202610", "2026-10-01", false),
        period("202611", "2026-11-01", true),
        period("12-2026", "2026-12-01", false),
    ];
    let next = |date: &str| PeriodRead::next_open(&year, date).and_then(PeriodRead::id);
    assert_eq!(next("2026-11-22").as_deref(), Some("202612"));
    assert_eq!(next("2026-10-31").as_deref(), Some("202612"));
    assert_eq!(next("2026-12-01").as_deref(), Some("202701"));
    assert_eq!(next("2027-01-31"), None);
    let general = json!({"period": "202612", "closedInGeneralLedger": true});
    assert!(!PeriodRead::read(&general).expect("a period").is_open());
    assert_eq!(period("112026", "2026-11-01", true).id().as_deref(), Some("202611"));
    assert_eq!(period("2026", "2026-11-01", true).id(), None);
}
