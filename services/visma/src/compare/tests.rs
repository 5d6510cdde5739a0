use problem::Code;
use serde_json::{Value, json};

use super::*;
use crate::read::InvoiceRead;

fn amount(text: &str) -> Decimal {
    text.parse().expect("an amount")
}

fn vat(code: &str, taxable: &str, vat: &str) -> TaxDetail {
    TaxDetail { vat_code: code.to_owned(), taxable: amount(taxable), vat: amount(vat) }
}

fn sum(account: &str, text: &str) -> AccountSum {
    AccountSum { account: account.to_owned(), amount: amount(text) }
}

/// An invoice of 250.00 with shipping on an account of its own.
fn booked() -> Booked {
    Booked {
        total: amount("250.00"),
        currency: "NOK".to_owned(),
        vat: Some(vec![vat("3", "200.00", "50.00")]),
        pinned: true,
        accounts: Some(vec![sum("3000", "160.00"), sum("3010", "40.00")]),
        customers: vec!["10000".to_owned()],
        date: Some("2026-11-22".to_owned()),
    }
}

fn row() -> Value {
    json!({"referenceNumber": "100123", "currencyId": "NOK", "documentDate": "2026-11-22T00:00:00",
        "customer": {"number": "10000", "name": "Kari"}, "amount": 250.0, "amountInCurrency": 250.0,
        "vatTotal": 50.0, "vatTotalInCurrency": 50.0,
        "taxDetails": [{"taxId": "3", "vatId": {"number": "3"}, "vatRate": 25.0, "taxableAmount": 200.0,
            "vatAmount": 50.0}],
        "invoiceLines": [line("3000", "3", "160.00"), line("3010", "3", "40.00")]})
}

fn line(account: &str, vat: &str, text: &str) -> Value {
    json!({"account": {"number": account}, "vatCode": {"id": vat}, "amount": text, "amountInCurrency": text})
}

fn seen(change: Value) -> Shown {
    let mut row = row();
    for (name, value) in change.as_object().expect("fields") {
        row[name] = value.clone();
    }
    Shown::of(&InvoiceRead::read(&row).expect("a document"))
}

fn codes(found: &Comparison) -> Vec<Code> {
    found.differences.iter().map(|difference| difference.part.code()).collect()
}

#[test]
fn what_stands_as_it_was_booked_is_right() {
    let found = compare(&booked(), &seen(json!({})));
    assert_eq!((found.differences.as_slice(), found.unseen.as_slice()), (&[][..], &[][..]));
    assert!(found.is_right());
    assert!(compare(&booked(), &seen(json!({})).turned()).is_right(), "a credit note may be shown with the other sign");
}

#[test]
fn each_part_has_its_code_and_names_both_values() {
    for (change, code, texts) in [
        (json!({"currencyId": "EUR"}), Code::CurrencyDiffers, ["EUR", "NOK"]),
        (json!({"amount": 250.01, "amountInCurrency": 250.01}), Code::TotalDiffers, ["250.01", "250.00"]),
        (json!({"customer": {"number": "10001"}}), Code::CustomerDiffers, ["10001", "10000"]),
        (json!({"documentDate": "2026-12-01"}), Code::DateDiffers, ["2026-12-01", "2026-11-22"]),
        (
            json!({"invoiceLines": [line("3100", "3", "160.00"), line("3010", "3", "40.00")]}),
            Code::AccountDiffers,
            ["account 3100 has 160.00", "160.00 was booked"],
        ),
        (
            json!({"taxDetails": [{"taxId": "3X", "vatRate": 25.0, "taxableAmount": 200.0, "vatAmount": 50.0}],
                "invoiceLines": [line("3000", "3X", "160.00"), line("3010", "3X", "40.00")]}),
            Code::VatDiffersInVisma,
            ["VAT code 3X has 200", "200.00 with VAT 50.00 was booked"],
        ),
    ] {
        let found = compare(&booked(), &seen(change.clone()));
        assert_eq!(codes(&found), [code], "{change}");
        let sentence = &found.differences[0].sentence;
        assert!(texts.iter().all(|text| sentence.contains(text)), "{sentence}");
    }
}

#[test]
fn a_difference_of_one_øre_in_the_vat_is_seen_behind_an_equal_total() {
    let change = json!({"taxDetails": [{"taxId": "3", "vatRate": 25.0, "taxableAmount": 199.99, "vatAmount": 50.01}]});
    assert_eq!(codes(&compare(&booked(), &seen(change))), [Code::VatDiffersInVisma]);
}

#[test]
fn what_is_not_shown_is_neither_right_nor_wrong() {
    let bare = seen(json!({"taxDetails": null, "invoiceLines": null, "customer": null, "documentDate": null}));
    let found = compare(&booked(), &bare);
    assert_eq!(codes(&found), []);
    assert_eq!(found.unseen, [Part::Accounts, Part::Customer, Part::Date]);
    assert!(found.is_right(), "total and VAT are told");
    let nothing = compare(&booked(), &Shown::default());
    assert!(nothing.differences.is_empty() && !nothing.is_right(), "{nothing:?}");
    let old = Booked { total: amount("250.00"), ..Booked::default() };
    assert!(compare(&old, &bare).is_right(), "a record that says no more than a total is held against that");
}

#[test]
fn without_details_the_lines_tell_the_code() {
    let moved = json!({"taxDetails": [], "invoiceLines": [line("3000", "31", "160.00"), line("3010", "3", "40.00")]});
    let found = compare(&booked(), &seen(moved));
    assert_eq!(codes(&found), [Code::VatDiffersInVisma]);
    let total = compare(&booked(), &seen(json!({"taxDetails": [], "vatTotal": 49, "vatTotalInCurrency": 49})));
    assert!(total.differences[0].sentence.contains("its VAT is 49, and 50.00 was booked"), "{total:?}");
}

#[test]
fn a_code_without_vat_needs_no_entry() {
    let free = Booked {
        vat: Some(vec![vat("3", "160.00", "40.00"), vat("5", "50.00", "0")]),
        total: amount("250.00"),
        ..booked()
    };
    let change = json!({"vatTotal": 40, "vatTotalInCurrency": 40,
        "taxDetails": [{"taxId": "3", "vatRate": 25.0, "taxableAmount": 160.0, "vatAmount": 40.0}],
        "invoiceLines": [line("3000", "3", "160.00"), line("3010", "5", "50.00")]});
    let free = Booked { accounts: Some(vec![sum("3000", "160"), sum("3010", "50")]), ..free };
    assert_eq!(codes(&compare(&free, &seen(change))), []);
}

/// The shop charged 50.01 where Visma computes 50.00.
fn off() -> Booked {
    Booked { total: amount("250.01"), vat: Some(vec![vat("3", "200.00", "50.01")]), ..booked() }
}

#[test]
fn pins_that_are_not_kept_have_a_code_of_their_own() {
    let found = compare(&off(), &seen(json!({})));
    assert_eq!(codes(&found), [Code::PinsNotKept]);
    assert_eq!(found.pins, Pins::NotKept);
    let sentence = &found.differences[0].sentence;
    assert!(["50.01", "50.0", "250.01", "250.0"].iter().all(|text| sentence.contains(text)), "{sentence}");
    // Somebody changed a line besides: that is told as what it is.
    let other = compare(&Booked { total: amount("300.01"), ..off() }, &seen(json!({})));
    assert_eq!(codes(&other), [Code::TotalDiffers, Code::PinsNotKept]);
    let unpinned = compare(&Booked { pinned: false, ..off() }, &seen(json!({})));
    assert_eq!(codes(&unpinned), [Code::TotalDiffers, Code::VatDiffersInVisma]);
}

#[test]
fn pins_are_proven_by_what_visma_would_not_have_computed() {
    let kept = json!({"amount": 250.01, "amountInCurrency": 250.01,
        "taxDetails": [{"taxId": "3", "vatRate": 25.0, "taxableAmount": 200.0, "vatAmount": 50.01}]});
    let found = compare(&off(), &seen(kept.clone()));
    assert_eq!((codes(&found).len(), found.pins), (0, Pins::Kept));
    assert_eq!(compare(&booked(), &seen(json!({}))).pins, Pins::Unknown, "Visma computes the same");
    assert_eq!(compare(&Booked { pinned: false, ..off() }, &seen(kept.clone())).pins, Pins::Unknown);
    let mut unseen = seen(kept);
    unseen.vat[0].by_line = None;
    assert_eq!(compare(&off(), &unseen).pins, Pins::Unknown, "it may have been computed on each line");
}

#[test]
fn either_of_two_amounts_may_be_the_documents() {
    let lines: Vec<Value> = [("3000", "160", "1600"), ("3010", "40", "400")]
        .iter()
        .map(|(account, one, other)| json!({"account": account, "vatCode": "3", "amountInCurrency": one, "amount": other}))
        .collect();
    let euro = json!({"currencyId": "EUR", "amount": 2500, "amountInCurrency": 250, "vatTotal": 500,
        "vatTotalInCurrency": 50, "invoiceLines": lines,
        "taxDetails": [{"taxId": "3", "vatRate": 25.0, "taxableAmount": 2000.0, "vatAmount": 500.0}]});
    let booked = Booked { currency: "EUR".to_owned(), ..booked() };
    assert_eq!(codes(&compare(&booked, &seen(euro))), []);
}

#[test]
fn absurd_amounts_end_nothing() {
    let huge = Decimal::MAX;
    let vat = ShownVat { code: "3".to_owned(), taxable: huge, vat: Some(huge), rate: Some(huge), by_line: Some(huge) };
    let account = ShownAccount { account: "3000".to_owned(), amounts: (huge, -huge) };
    let shown = Shown {
        totals: Some((huge, huge)),
        vat_totals: Some((huge, -huge)),
        vat: vec![vat.clone(), vat],
        accounts: vec![account.clone(), account],
        ..Shown::default()
    };
    assert!(!compare(&booked(), &shown).is_right());
    let booked = Booked { total: huge, vat: Some(vec![vat_of(huge), vat_of(huge)]), ..booked() };
    assert!(!compare(&booked, &seen(json!({}))).is_right());
}

fn vat_of(amount: Decimal) -> TaxDetail {
    TaxDetail { vat_code: "3".to_owned(), taxable: amount, vat: amount }
}
