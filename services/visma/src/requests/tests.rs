use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::customer::{Address, Contact, Customer, Field};
use crate::invoice::{Invoice, InvoiceLine, Segment, TaxDetail};
use crate::payment::{Payment, PaymentKind};

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn company() -> Company {
    Company::new("https://api.finance.visma.net/", Some("1234567"), None).unwrap()
}

fn invoice() -> Invoice {
    Invoice {
        external_reference: "WEB-000001042".to_owned(),
        document_date: "2026-11-22".to_owned(),
        financial_period: Some("202611".to_owned()),
        currency: "NOK".to_owned(),
        exchange_rate: Some(decimal("11.43250000")),
        credit_terms: Some("30".to_owned()),
        customer_reference: Some("PO-778".to_owned()),
        text: "Ordre 000001042, Bø & Sønn".to_owned(),
        note: Some("WEB-000001042".to_owned()),
        branch: Some("1".to_owned()),
        vat_zone: Some("02".to_owned()),
        hold: true,
        lines: vec![InvoiceLine {
            description: "Støvel 42".to_owned(),
            quantity: decimal("2.0000"),
            unit_price: decimal("640.10"),
            amount: decimal("1280.20"),
            account: "3000".to_owned(),
            vat_code: "3".to_owned(),
            subaccount: vec![Segment { id: 1, value: "00".to_owned() }, Segment { id: 2, value: "000".to_owned() }],
            branch: Some("1".to_owned()),
        }],
        tax_details: vec![TaxDetail { vat_code: "3".to_owned(), taxable: decimal("1280.20"), vat: decimal("320.05") }],
    }
}

fn customer() -> Customer {
    Customer {
        name: "Fjord Sport AS".to_owned(),
        class: Some("B2B".to_owned()),
        currency: Some("NOK".to_owned()),
        credit_terms: Some("30".to_owned()),
        vat_zone: Some("01".to_owned()),
        corporate_id: Some("999888777".to_owned()),
        vat_registration_id: Some("NO999888777MVA".to_owned()),
        contact: Contact {
            name: "Kari Nordmann".to_owned(),
            email: "ap@example.no".to_owned(),
            phone: Some("+4722334455".to_owned()),
        },
        address: Address {
            lines: vec!["Storgata 1".to_owned()],
            postal_code: "0155".to_owned(),
            city: "Oslo".to_owned(),
            country: "NO".to_owned(),
        },
    }
}

const ALL: [Field; 10] = [
    Field::Name,
    Field::Class,
    Field::CreditTerms,
    Field::VatZone,
    Field::CorporateId,
    Field::VatRegistrationId,
    Field::ContactName,
    Field::Email,
    Field::Phone,
    Field::Address,
];

fn etag() -> Etag {
    Etag::parse("AAAAAE0YIiI=").unwrap()
}

fn payment(kind: PaymentKind) -> Payment {
    Payment {
        kind,
        reference: "WEB-P000001042".to_owned(),
        method: "10".to_owned(),
        cash_account: "1921".to_owned(),
        date: "2026-11-22".to_owned(),
        period: Some("202611".to_owned()),
        currency: "NOK".to_owned(),
        amount: decimal("1600.25"),
        applied: decimal("1600.25"),
        text: "Order 000001042, paid by card through a provider with a name".to_owned(),
        branch: Some("1".to_owned()),
        document: "100123".to_owned(),
    }
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// Every field that we send exists in the published schema, in the wrapping and of the type that it has there.
fn conforms(schemas: &Value, kind: &Value, value: &Value, at: &str) {
    if let Some(inner) = kind.get("wrapped") {
        let fields = value.as_object().unwrap_or_else(|| panic!("{at} is bare"));
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["value"], "{at} is bare");
        return conforms(schemas, inner, &value["value"], at);
    }
    if let Some(inner) = kind.get("list") {
        let items = value.as_array().unwrap_or_else(|| panic!("{at} is no list"));
        return items.iter().for_each(|item| conforms(schemas, inner, item, at));
    }
    match kind.as_str().unwrap() {
        "text" => assert!(value.is_string(), "{at} is {value}"),
        "flag" => assert!(value.is_boolean(), "{at} is {value}"),
        "integer" => assert!(value.is_u64(), "{at} is {value}"),
        "decimal" => assert!(value.is_number(), "{at} is {value}"),
        schema => {
            for (name, field) in value.as_object().unwrap() {
                let kind = schemas[schema].get(name).unwrap_or_else(|| panic!("{schema} has no {name}"));
                conforms(schemas, kind, field, &format!("{at}.{name}"));
            }
        }
    }
}

#[test]
fn bodies_are_of_the_published_schema() {
    let schemas: Value = serde_json::from_str(include_str!("../../fixtures/update-schemas.json")).unwrap();
    let created = company().create_invoice("10000", &invoice(), Dispatch::default()).unwrap();
    conforms(&schemas, &json!("CustomerInvoiceUpdateDto"), &body(&created), "invoice");
    let created = company().create_customer(&customer(), Some("10000")).unwrap();
    conforms(&schemas, &json!("CustomerUpdateDto"), &body(&created), "customer");
    let updated = company().update_customer("10000", &etag(), &customer(), &ALL).unwrap();
    conforms(&schemas, &json!("CustomerUpdateDto"), &body(&updated), "customer");
    for amendment in [Amendment::Note("a"), Amendment::Text("b"), Amendment::OffHold] {
        let amended = company().amend_invoice("100123", &etag(), amendment).unwrap();
        conforms(&schemas, &json!("CustomerInvoiceUpdateDto"), &body(&amended), "invoice");
    }
    let applied = [Application { invoice: "100123".to_owned(), amount: decimal("1600.25") }];
    let credited = company().create_credit_note("10000", &invoice(), &applied, Dispatch::default()).unwrap();
    conforms(&schemas, &json!("CustomerCreditNoteUpdateDto"), &body(&credited), "credit note");
    let off = company().take_credit_note_off_hold("200001", &etag()).unwrap();
    conforms(&schemas, &json!("CustomerCreditNoteUpdateDto"), &body(&off), "credit note");
    let paid = company().create_payment("10000", &payment(PaymentKind::Payment)).unwrap();
    conforms(&schemas, &json!("PaymentUpdateDto"), &body(&paid), "payment");
    let released = company().release_payment("500001", PaymentKind::Refund).unwrap();
    conforms(&schemas, &json!("ReleasePaymentActionDto"), &body(&released), "release");
}

#[test]
fn an_update_writes_only_what_it_is_told_to_under_the_version_that_was_read() {
    let update = company().update_customer("10000", &etag(), &customer(), &[Field::Phone, Field::CreditTerms]).unwrap();
    assert_eq!((update.method(), update.uri().path()), (&Method::PUT, "/v1/customer/10000"));
    assert_eq!(update.headers()["if-match"], "\"AAAAAE0YIiI=\"");
    let phone = json!({"value": {"phone1": {"value": "+4722334455"}}});
    let expected = json!({"creditTermsId": {"value": "30"}, "mainContact": phone, "invoiceContact": phone});
    assert_eq!(body(&update), expected);

    // The second and third line of the address before it must not stay.
    let moved = body(&company().update_customer("10000", &etag(), &customer(), &[Field::Address]).unwrap());
    assert_eq!(moved["mainAddress"]["value"]["addressLine2"]["value"], "");
    assert_eq!(moved["invoiceAddress"], moved["mainAddress"]);
    assert!(moved.get("status").is_none() && moved.get("overrideWithClassValues").is_none());

    let amended = company().amend_invoice("100123", &etag(), Amendment::Note("Invoice 000000012")).unwrap();
    assert_eq!(body(&amended), json!({"note": {"value": "Invoice 000000012"}}));
    assert_eq!(amended.headers()["if-match"], "\"AAAAAE0YIiI=\"");
    let deleted = company().delete_invoice("100123", Some(&etag())).unwrap();
    assert_eq!(deleted.headers()["if-match"], "\"AAAAAE0YIiI=\"");
    assert!(!company().delete_invoice("100123", None).unwrap().headers().contains_key("if-match"));
}

#[test]
fn a_credit_note_says_what_it_is_applied_to() {
    let bare = body(&company().create_credit_note("10000", &invoice(), &[], Dispatch::default()).unwrap());
    assert!(bare.get("applicationLines").is_none() && bare.get("creditTermsId").is_none());
    assert_eq!(bare["lines"][0]["operation"], "Insert");
    assert_eq!(bare["taxDetails"][0]["taxId"]["value"], "3");
    let applied = [Application { invoice: "100123".to_owned(), amount: decimal("1600.25") }];
    let sent = company().create_credit_note("10000", &invoice(), &applied, Dispatch::default()).unwrap();
    assert_eq!((sent.method(), sent.uri().path()), (&Method::POST, "/v2/customerCreditNote"));
    let expected = json!([{
        "operation": "Insert", "documentType": {"value": "Invoice"}, "refNbr": {"value": "100123"},
        "amountPaid": {"value": 1600.25},
    }]);
    assert_eq!(body(&sent)["applicationLines"], expected);
}

#[test]
fn a_payment_settles_one_document_and_a_refund_a_credit_note() {
    let paid = body(&company().create_payment("10000", &payment(PaymentKind::Payment)).unwrap());
    assert_eq!((&paid["type"]["value"], &paid["paymentRef"]["value"]), (&json!("Payment"), &json!("WEB-P000001042")));
    assert_eq!(paid["paymentLines"][0]["documentType"]["value"], "Invoice");
    assert_eq!(paid["invoiceText"]["value"].as_str().unwrap().chars().count(), 50);
    let long = Payment {
        text: "Invoice 16000000001 of order 16000000001, paid by card".into(),
        ..payment(PaymentKind::Payment)
    };
    let said = body(&company().create_payment("10000", &long).unwrap())["invoiceText"]["value"].clone();
    assert_eq!(said, "Invoice 16000000001 of order 16000000001, paid by", "no blank where it is cut");
    let refunded = body(&company().create_payment("10000", &payment(PaymentKind::Refund)).unwrap());
    assert_eq!(refunded["type"]["value"], "Refund");
    assert_eq!(refunded["paymentLines"][0]["documentType"]["value"], "CreditNote");
    let listed = company().payments_of("10000", "2026-11-22", 1, 50).unwrap();
    assert_eq!(
        listed.uri(),
        "https://api.finance.visma.net/v1/customerPayment?customer=10000&docDate=2026-11-22\
         &docDateCondition=%3E%3D&pageNumber=1&pageSize=50"
    );
}

#[test]
fn a_release_is_an_action_with_nothing_in_it() {
    let release = company().release_invoice("100123", Some(&etag())).unwrap();
    assert_eq!((release.method(), release.uri().path()), (&Method::POST, "/v1/customerinvoice/100123/action/release"));
    assert_eq!((body(&release), &release.headers()["if-match"]), (json!({}), &"\"AAAAAE0YIiI=\"".parse().unwrap()));
    let credit = company().release_credit_note("200001", None).unwrap();
    assert_eq!(credit.uri().path(), "/v1/customerCreditNote/200001/action/release");
}

#[test]
fn an_invoice_is_written_to_the_digit() {
    let request = company().create_invoice("10000", &invoice(), Dispatch::default()).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://api.finance.visma.net/v2/customerinvoice");
    assert_eq!(request.headers()["ipp-company-id"], "1234567");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(!request.headers().contains_key("branchid"));
    let text = std::str::from_utf8(request.body()).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"customerNumber":{"value":"10000"},"externalReference":{"value":"WEB-000001042"},"#,
            r#""documentDate":{"value":"2026-11-22"},"financialPeriod":{"value":"202611"},"#,
            r#""currencyId":{"value":"NOK"},"exchangeRate":{"value":11.43250000},"creditTermsId":{"value":"30"},"#,
            r#""customerRefNumber":{"value":"PO-778"},"invoiceText":{"value":"Ordre 000001042, Bø & Sønn"},"#,
            r#""note":{"value":"WEB-000001042"},"branchNumber":{"value":"1"},"customerVatZoneId":{"value":"02"},"hold":{"value":true},"#,
            r#""sendToAutoInvoice":{"value":false},"dontPrint":{"value":true},"dontEmail":{"value":true},"#,
            r#""invoiceLines":[{"operation":"Insert","description":{"value":"Støvel 42"},"quantity":{"value":2.0000},"#,
            r#""unitPriceInCurrency":{"value":640.10},"manualAmountInCurrency":{"value":1280.20},"#,
            r#""accountNumber":{"value":"3000"},"vatCodeId":{"value":"3"},"#,
            r#""subaccount":[{"segmentId":1,"segmentValue":"00"},{"segmentId":2,"segmentValue":"000"}],"#,
            r#""branchNumber":{"value":"1"}}],"#,
            r#""taxDetailLines":[{"taxId":{"value":"3"},"taxableAmount":{"value":1280.20},"#,
            r#""vatAmount":{"value":320.05}}]}"#,
        )
    );
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let bare = Invoice {
        financial_period: None,
        exchange_rate: None,
        credit_terms: None,
        customer_reference: Some(String::new()),
        note: None,
        branch: None,
        vat_zone: None,
        tax_details: Vec::new(),
        ..invoice()
    };
    let told = Dispatch { print: true, email: true, auto_invoice: true };
    let sent = body(&company().create_invoice("10000", &bare, told).unwrap());
    let absent = [
        "financialPeriod",
        "exchangeRate",
        "creditTermsId",
        "customerRefNumber",
        "note",
        "branchNumber",
        "customerVatZoneId",
        "taxDetailLines",
    ];
    for name in absent {
        assert!(sent.get(name).is_none(), "{name}");
    }
    assert_eq!(sent["dontPrint"]["value"], false);
    assert_eq!(sent["dontEmail"]["value"], false);
    assert_eq!(sent["sendToAutoInvoice"]["value"], true);
}

#[test]
fn a_customer_takes_its_number_from_the_series_unless_given() {
    let series = body(&company().create_customer(&customer(), None).unwrap());
    assert!(series.get("number").is_none() && series.get("overrideNumberSeries").is_none());
    let ours = body(&company().create_customer(&customer(), Some("W1")).unwrap());
    assert_eq!(ours["number"]["value"], "W1");
    assert_eq!(ours["overrideNumberSeries"]["value"], true);
    assert_eq!(ours["overrideWithClassValues"], true);
    let classless = Customer { class: None, ..customer() };
    let plain = body(&company().create_customer(&classless, None).unwrap());
    assert!(plain.get("overrideWithClassValues").is_none() && plain.get("customerClassId").is_none());
}

#[test]
fn an_address_keeps_lines_beyond_the_third() {
    let lines = ["c/o Hansen", "", "Storgata 1", "Oppgang B", "4. etg."].map(str::to_owned).to_vec();
    let long = Customer { address: Address { lines, ..customer().address }, ..customer() };
    let sent = body(&company().create_customer(&long, None).unwrap());
    let address = &sent["mainAddress"]["value"];
    assert_eq!(address["addressLine1"]["value"], "c/o Hansen");
    assert_eq!(address["addressLine2"]["value"], "Storgata 1");
    assert_eq!(address["addressLine3"]["value"], "Oppgang B, 4. etg.");
}

#[test]
fn lists_pair_a_moment_with_its_condition() {
    let since = "2026-11-22T09:00:00".parse().unwrap();
    let uri = |request: Result<Request<Bytes>, RequestError>| request.unwrap().uri().to_string();
    assert_eq!(
        uri(company().list(List::Customers, Rows::ModifiedSince(since), 2, 500)),
        "https://api.finance.visma.net/v1/customer?lastModifiedDateTime=2026-11-22T09%3A00%3A00.000\
         &lastModifiedDateTimeCondition=%3E%3D&pageNumber=2&pageSize=500"
    );
    assert_eq!(
        uri(company().invoices_created_since(since, 1, 1000)),
        "https://api.finance.visma.net/v1/customerinvoice?createdDateTime=2026-11-22T09%3A00%3A00.000\
         &createdDateTimeCondition=%3E%3D&pageNumber=1&pageSize=1000"
    );
    assert_eq!(
        uri(company().list(List::CreditNotes, Rows::CreatedSince(since), 1, 1000)),
        "https://api.finance.visma.net/v1/customerCreditNote?createdDateTime=2026-11-22T09%3A00%3A00.000\
         &createdDateTimeCondition=%3E%3D&expandTaxDetails=true&pageNumber=1&pageSize=1000"
    );
    assert_eq!(
        uri(company().list(List::SupplierInvoices, Rows::All, 1, 500)),
        "https://api.finance.visma.net/v1/supplierInvoice?pageNumber=1&pageSize=500"
    );
    assert_eq!(
        uri(company().list(List::PurchaseOrders, Rows::All, 3, 500)),
        "https://api.finance.visma.net/v1/purchaseorder?includeCustomFreeFields=true&pageNumber=3&pageSize=500"
    );
    assert_eq!(
        uri(company().record(List::CreditNotes, "CN 1/2")),
        format!("https://api.finance.visma.net/v1/customerCreditNote/{}", segment("CN 1/2"))
    );
    assert_eq!(
        uri(company().customers_by_email("kari+shop@example.no", 1, 10)),
        "https://api.finance.visma.net/v1/customer?email=kari%2Bshop%40example.no&pageNumber=1&pageSize=10"
    );
    assert_eq!(
        uri(company().invoices_by_reference("WEB-1&x=é", 1, 10)),
        "https://api.finance.visma.net/v1/customerinvoice?externalReference=WEB-1%26x%3D%C3%A9&pageNumber=1&pageSize=10"
    );
    assert_eq!(uri(company().branches()), "https://api.finance.visma.net/v1/branch");
}

#[test]
fn a_key_is_one_segment() {
    assert_eq!(segment("100123"), "100123");
    assert_eq!(segment("Bø 1"), "B%C3%B8%201");
    assert_eq!(segment("A/1"), "b64(QS8x)");
    assert_eq!(segment(".."), "b64(Li4)");
    let deleted = company().delete_invoice("100123", None).unwrap();
    assert_eq!(deleted.method(), Method::DELETE);
    assert_eq!(deleted.uri().path(), "/v1/customerinvoice/100123");
}

#[test]
fn a_base_may_have_a_path_and_must_be_one() {
    let old = Company::new("https://integration.visma.net/API/controller/api/", Some(""), Some("1")).unwrap();
    let request = old.branches().unwrap();
    assert_eq!(request.uri(), "https://integration.visma.net/API/controller/api/v1/branch");
    assert!(!request.headers().contains_key("ipp-company-id"));
    assert_eq!(request.headers()["branchid"], "1");
    assert!(matches!(Company::new("api.finance.visma.net", None, None), Err(CompanyError::Base { .. })));
    assert!(matches!(Company::new("https://x/?y=1", None, None), Err(CompanyError::Shape { .. })));
    assert!(matches!(Company::new("ftp://x/", None, None), Err(CompanyError::Shape { .. })));
    assert!(matches!(Company::new("https://x/", Some("1\n2"), None), Err(CompanyError::Id { .. })));
}
