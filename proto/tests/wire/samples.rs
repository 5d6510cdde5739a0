//! One message of each kind, every field of it filled.
//!
//! To add a field, fill it here, raise [`VERSION`], and have the new messages written (see `golden`).

use proto::{
    AccountSum, Attribute, Booked, Cancellation, Command, Comment, CreditNote, Customer, CustomerData, CustomerField,
    Difference, Doubt, Invoice, InvoiceLine, Kind, Message as _, Outcome, Payment, Predicted, Reference, Segment,
    TaxDetail, Verification, command, owner, payer,
};

/// The version of the messages below; those of the versions before it are in their folders and never change.
pub(crate) const VERSION: &str = "v6";

/// Each message under the name of its file: the kind of message, a dash, and what is particular about it.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![
        ("command-customer", command(command::Document::Customer(customer())).encode_to_vec()),
        ("command-invoice", command(command::Document::Invoice(invoice())).encode_to_vec()),
        ("command-invoice-of-number", command(command::Document::Invoice(of_number())).encode_to_vec()),
        ("command-credit_note", command(command::Document::CreditNote(credit_note())).encode_to_vec()),
        ("command-reference", command(command::Document::Reference(reference())).encode_to_vec()),
        ("command-cancellation", command(command::Document::Cancellation(cancellation())).encode_to_vec()),
        ("command-verification", command(command::Document::Verification(verification())).encode_to_vec()),
        ("command-payment", command(command::Document::Payment(payment())).encode_to_vec()),
        ("command-comment", command(command::Document::Comment(comment())).encode_to_vec()),
        ("customer_data-full", customer_data().encode_to_vec()),
        ("customer_data-bare", CustomerData { name: "Kari".to_owned(), ..CustomerData::default() }.encode_to_vec()),
    ];
    all.extend(outcomes().map(|(name, outcome)| (name, outcome.encode_to_vec())));
    all
}

fn command(document: command::Document) -> Command {
    Command {
        id: "0197a7c2-5d1c-5c3e-9c0a-1f2e3d4c5b6a".to_owned(),
        change_subject: "change.main.commerce.order.487".to_owned(),
        change_sequence: 1_234_567,
        change_version: "5f70bf18a086007016e948b04aed3b82".to_owned(),
        mapping_version: "1-9f86d081".to_owned(),
        replay_run: "2026-11-30".to_owned(),
        order_placed: "2026-01-31 22:59:59".to_owned(),
        document: Some(document),
    }
}

fn customer() -> Customer {
    Customer {
        key: "guest-0123456789abcdef0123456789abcdef".to_owned(),
        person: "0123456789abcdef0123456789abcdef".to_owned(),
        sealed: vec![0, 1, 127, 128, 255],
        owned: vec![CustomerField::Name.into(), CustomerField::Email.into(), CustomerField::Address.into()],
        existing_only: true,
    }
}

fn customer_data() -> CustomerData {
    let text = |text: &str| Some(text.to_owned());
    CustomerData {
        name: "Bø & Sønn AS".to_owned(),
        class: text("B2B"),
        currency: text("NOK"),
        credit_terms: text("30"),
        vat_zone: text("01"),
        corporate_id: text("999888777"),
        vat_registration_id: text("NO999888777MVA"),
        contact_name: "Kari Prøvesen".to_owned(),
        email: "kari@example.no".to_owned(),
        phone: text("+47 00000000"),
        address_lines: vec!["Prøvegata 1".to_owned(), "c/o Ola".to_owned()],
        postal_code: "0155".to_owned(),
        city: "Oslo".to_owned(),
        country: "NO".to_owned(),
    }
}

fn invoice() -> Invoice {
    let text = |text: &str| Some(text.to_owned());
    let segment = |id, value: &str| Segment { id, value: value.to_owned() };
    Invoice {
        external_reference: "WEB-000001042".to_owned(),
        customer: Some(owner::Customer::CustomerKey("77".to_owned())),
        document_date: "2026-11-22".to_owned(),
        financial_period: text("202611"),
        currency: "EUR".to_owned(),
        exchange_rate: text("11.43250000"),
        credit_terms: text("14"),
        customer_reference: text("PO-778"),
        text: "Order 000001042".to_owned(),
        note: text("Coupon HØST"),
        branch: text("1"),
        hold: true,
        lines: vec![InvoiceLine {
            description: "Lampe Nord (S25-33)".to_owned(),
            quantity: "3.0000".to_owned(),
            unit_price: "33.333333".to_owned(),
            amount: "99.9999".to_owned(),
            account: "3000".to_owned(),
            vat_code: "3".to_owned(),
            subaccount: vec![segment(1, "00"), segment(2, "000")],
            branch: text("1"),
        }],
        tax_details: vec![tax()],
        predicted: Some(Predicted {
            total: "250.00".to_owned(),
            vat: vec![tax()],
            rounding: "-0.01".to_owned(),
            charged_vat: "50.00".to_owned(),
        }),
        customer_command_sequence: 42,
        vat_zone: text("02"),
        debtor: "0123456789abcdef0123456789abcdef".to_owned(),
        next_open_period: true,
    }
}

/// As it is booked.
fn tax() -> TaxDetail {
    let text = str::to_owned;
    TaxDetail { vat_code: text("3"), taxable: text("200.00"), vat: text("50.00"), ..TaxDetail::default() }
}

fn booked() -> Booked {
    let text = str::to_owned;
    Booked {
        customer_key: text("77"),
        customer_number: text("10000"),
        debtor: text("0123456789abcdef0123456789abcdef"),
        date: text("2026-11-22"),
        financial_period: text("202612"),
        vat: vec![tax()],
        pinned: true,
        accounts: vec![AccountSum { account: text("3000"), amount: text("200.00"), ..AccountSum::default() }],
        mapping_version: text("1-9f86d081"),
        charged_vat: text("50.00"),
    }
}

fn credit_note() -> CreditNote {
    CreditNote { document: Some(invoice()), invoice_keys: vec!["487".to_owned(), "invoice-12".to_owned()] }
}

fn reference() -> Reference {
    Reference { invoice_key: "487".to_owned(), increment_id: "000000012".to_owned() }
}

fn cancellation() -> Cancellation {
    let reason = "the order was cancelled".to_owned();
    let external_reference = "WEB-000000487".to_owned();
    Cancellation { invoice_key: "487".to_owned(), reason, credit_note: Some(credit_note()), external_reference }
}

fn verification() -> Verification {
    Verification {
        entity: "invoice".to_owned(),
        key: "487".to_owned(),
        number: "100001".to_owned(),
        external_reference: "WEB-000001042".to_owned(),
        currency: "NOK".to_owned(),
        total: "250.0000".to_owned(),
        vat: vec![TaxDetail { rate: "25.0".to_owned(), by_line: "50.00".to_owned(), ..tax() }],
        status: "Balanced".to_owned(),
        balance: "250.00".to_owned(),
        etag: "AAAAAE0YIiI=".to_owned(),
        duplicates: vec!["100001".to_owned(), "100002".to_owned()],
        deleted: true,
        other_total: "250.00".to_owned(),
        date: "2026-11-22".to_owned(),
        customer_number: "10000".to_owned(),
        accounts: vec![AccountSum {
            account: "3000".to_owned(),
            amount: "200.00".to_owned(),
            other_amount: "200.0000".to_owned(),
        }],
        vat_total: "50.00".to_owned(),
        other_vat_total: "50.0000".to_owned(),
    }
}

fn payment() -> Payment {
    let text = |text: &str| Some(text.to_owned());
    Payment {
        entity: "creditnote".to_owned(),
        key: "9".to_owned(),
        payment_reference: "WEB-C000000009".to_owned(),
        payment_method: "10".to_owned(),
        cash_account: "1921".to_owned(),
        date: "2026-11-22".to_owned(),
        financial_period: text("202611"),
        currency: "NOK".to_owned(),
        amount: "250.00".to_owned(),
        text: "Credit memo 000000009".to_owned(),
        branch: text("1"),
        refund: true,
        customer: Some(payer::Customer::CustomerKey("77".to_owned())),
        next_open_period: true,
    }
}

fn comment() -> Comment {
    Comment {
        increment_id: "000001042".to_owned(),
        entity_id: Some(487),
        mark: "ml:supplierinvoice:300045".to_owned(),
        text: "Supplier invoice 300045, Bø Leverandør".to_owned(),
        visible: true,
        attributes: vec![Attribute { code: "erp_invoice".to_owned(), value: "300045".to_owned() }],
    }
}

/// On a customer that stands in Visma already, with nothing that may be left out.
fn of_number() -> Invoice {
    Invoice {
        external_reference: "WEB-000001043".to_owned(),
        customer: Some(owner::Customer::CustomerNumber("10000".to_owned())),
        ..Invoice::default()
    }
}

/// An entry of each kind.
fn outcomes() -> impl Iterator<Item = (&'static str, Outcome)> {
    let kinds = [
        ("outcome-intent", Kind::Intent),
        ("outcome-applied", Kind::Applied),
        ("outcome-unchanged", Kind::Unchanged),
        ("outcome-rejected", Kind::Rejected),
        ("outcome-verified", Kind::Verified),
    ];
    kinds.into_iter().map(|(name, kind)| (name, outcome(kind)))
}

fn outcome(kind: Kind) -> Outcome {
    let only = |kinds: &[Kind], text: &str| if kinds.contains(&kind) { text.to_owned() } else { String::new() };
    let linked = [Kind::Applied, Kind::Unchanged, Kind::Verified];
    Outcome {
        kind: kind.into(),
        command_id: "0197a7c2-5d1c-5c3e-9c0a-1f2e3d4c5b6a".to_owned(),
        command_sequence: 7_654_321,
        change_sequence: 1_234_567,
        change_version: "5f70bf18a086007016e948b04aed3b82".to_owned(),
        body_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        attempt: if kind == Kind::Intent { 2 } else { 0 },
        written_at: 1_795_348_889_123,
        number: only(&linked, "100001"),
        etag: only(&linked, "\"AAAAAE0YIiI=\""),
        refusal_code: only(&[Kind::Rejected], "VISMA_PERIOD_CLOSED"),
        refusal_sentence: only(&[Kind::Rejected], "The 11-2026 financial period is closed in Customer ledger."),
        external_reference: "WEB-000001042".to_owned(),
        currency: "NOK".to_owned(),
        predicted_total: "250.00".to_owned(),
        status: only(&linked, "Balanced"),
        balance: only(&linked, "250.00"),
        deleted: kind == Kind::Verified,
        references: linked.contains(&kind).then(|| "000000012".to_owned()).into_iter().collect(),
        withdrawn: kind == Kind::Unchanged,
        doubt: (kind == Kind::Rejected).then(doubt),
        seen_sequence: 1_234_999,
        applied_at: 1_795_348_889_000,
        removed: linked.contains(&kind).then(|| "100000".to_owned()).into_iter().collect(),
        booked: Some(booked()),
        differences: linked.contains(&kind).then(difference).into_iter().collect(),
        unseen: only(&[Kind::Verified], "account").split_terminator(' ').map(str::to_owned).collect(),
        told_change: only(&linked, "9f86d081884c7d65"),
    }
}

fn difference() -> Difference {
    let sentence = "its date is 2026-12-01, and 2026-11-22 was booked".to_owned();
    Difference { code: "DATE_DIFFERS".to_owned(), sentence }
}

fn doubt() -> Doubt {
    Doubt {
        command_id: "0197a7c2-5d1c-5c3e-9c0a-1f2e3d4c5b6a".to_owned(),
        command_sequence: 7_654_320,
        change_sequence: 1_234_566,
        body_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        attempt: 2,
        written_at: 1_795_348_889_100,
    }
}
