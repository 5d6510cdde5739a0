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
    assert_eq!(error, "the customer invoice cannot be read: amount: not an amount");
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
