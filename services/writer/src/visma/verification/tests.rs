use async_nats::HeaderMap;
use bytes::Bytes;
use problem::Code;
use proto::{AccountSum, Booked, TaxDetail};

use super::*;

fn tax(code: &str, taxable: &str, vat: &str) -> TaxDetail {
    let (vat_code, taxable, vat) = (code.to_owned(), taxable.to_owned(), vat.to_owned());
    TaxDetail { vat_code, taxable, vat, ..TaxDetail::default() }
}

fn entry() -> Outcome {
    Outcome {
        number: "100123".to_owned(),
        external_reference: "WEB-000000007".to_owned(),
        currency: "NOK".to_owned(),
        predicted_total: "250.00".to_owned(),
        booked: Some(Booked {
            customer_number: "10000".to_owned(),
            date: "2026-11-22".to_owned(),
            vat: vec![tax("3", "200.00", "50.00")],
            pinned: true,
            accounts: vec![AccountSum {
                account: "3000".to_owned(),
                amount: "200.00".to_owned(),
                ..AccountSum::default()
            }],
            ..Booked::default()
        }),
        ..Outcome::default()
    }
}

fn seen(total: &str) -> Verification {
    Verification {
        number: "100123".to_owned(),
        currency: "NOK".to_owned(),
        total: total.to_owned(),
        vat: vec![tax("3", "200.0000", "50.0000")],
        date: "2026-11-22".to_owned(),
        customer_number: "10000".to_owned(),
        accounts: vec![AccountSum {
            account: "3000".to_owned(),
            amount: "200.0000".to_owned(),
            other_amount: "200.0000".to_owned(),
        }],
        ..Verification::default()
    }
}

fn codes(entry: &Outcome, seen: &Verification) -> Vec<Code> {
    let found = found(entry, seen, None).expect("a comparison");
    found.differences.into_iter().map(|one| one.code).collect()
}

fn delivery(delivered: u64) -> Delivery {
    let subject = "command.main.visma.verification.100123.00".to_owned();
    let address = Address::parse(&subject).unwrap();
    Delivery {
        address,
        subject,
        headers: HeaderMap::new(),
        payload: Bytes::new(),
        sequence: 9,
        delivered,
        stored_at: 0,
    }
}

#[test]
fn a_total_is_compared_to_the_øre_and_not_to_the_digit() {
    assert_eq!(codes(&entry(), &seen("250.0000")), []);
    assert_eq!(codes(&entry(), &seen("250.01")), [Code::TotalDiffers]);
    let euro = Verification { currency: "EUR".to_owned(), ..seen("250.00") };
    assert_eq!(codes(&entry(), &euro), [Code::CurrencyDiffers]);
    let abroad = Verification { other_total: "250.00".to_owned(), ..seen("2858.13") };
    assert_eq!(codes(&entry(), &abroad), [], "either of the two amounts may be the document's");
    let neither = Verification { other_total: "250.02".to_owned(), ..seen("250.01") };
    assert_eq!(codes(&entry(), &neither), [Code::TotalDiffers]);
}

#[test]
fn what_is_behind_an_equal_total_is_compared_too() {
    let moved = Verification { vat: vec![tax("3X", "200.00", "50.00")], ..seen("250.00") };
    assert_eq!(codes(&entry(), &moved), [Code::VatDiffersInVisma]);
    let customer = Verification { customer_number: "10001".to_owned(), ..seen("250.00") };
    assert_eq!(codes(&entry(), &customer), [Code::CustomerDiffers]);
    let renumbered = found(&entry(), &customer, Some("10001".to_owned())).expect("a comparison");
    assert!(renumbered.is_right(), "it has another number now, and is the same customer");
    let date = Verification { date: "2026-12-01".to_owned(), ..seen("250.00") };
    assert_eq!(codes(&entry(), &date), [Code::DateDiffers]);
    let found = found(&entry(), &moved, None).expect("a comparison");
    let letter = letter(Entity::Invoice, &entry(), &found.differences[0], &found.differences);
    let texts = ["invoice WEB-000000007 of 250.00 NOK", "100123", "VAT code 3X has 200.00 with VAT 50.00"];
    assert!(texts.iter().all(|text| letter.sentence.contains(text)), "{letter}");
}

#[test]
fn what_cannot_be_compared_is_not_called_right() {
    let unpredicted = Outcome { predicted_total: String::new(), ..entry() };
    assert_eq!(codes(&unpredicted, &seen("250.00")), [Code::VerificationIncomplete]);
    assert_eq!(codes(&entry(), &seen("")), [Code::VerificationIncomplete]);
    let spoilt = Outcome { predicted_total: "25O.00".to_owned(), ..entry() };
    assert_eq!(found(&spoilt, &seen("250.00"), None).expect_err("no comparison").code, Code::OutcomeUnreadable);
    assert_eq!(found(&entry(), &seen("25O.00"), None).expect_err("no comparison").code, Code::CommandUnreadable);
    let old = Outcome { booked: None, ..entry() };
    let bare = Verification { vat: Vec::new(), accounts: Vec::new(), date: String::new(), ..seen("250.00") };
    assert_eq!(codes(&old, &bare), [], "an entry of an earlier version is held against its total");
}

#[test]
fn a_difference_is_told_once_until_it_agrees_again() {
    let found = |text: &str| found(&entry(), &seen(text), None).expect("a comparison");
    let dear = found("250.01");
    let news = |delivered, entry: &Outcome, change, found: &Found| {
        let news = news(&delivery(delivered), entry, change, found);
        news.into_iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(news(1, &entry(), 5, &dear), [Code::TotalDiffers]);
    let told =
        Outcome { differences: dear.differences.iter().map(Difference::from).collect(), seen_sequence: 5, ..entry() };
    assert_eq!(news(1, &told, 6, &dear), [], "it stays as it was");
    assert_eq!(news(1, &told, 6, &found("250.02")), [Code::TotalDiffers], "it differs in another way");
    assert_eq!(news(1, &told, 6, &found("250.00")), []);
    assert_eq!(news(2, &told, 5, &dear), [Code::TotalDiffers], "the first delivery may have ended before the letter");
    let later = Verification { date: "2026-12-01".to_owned(), ..seen("250.01") };
    let later = super::found(&entry(), &later, None).expect("a comparison");
    assert_eq!(news(1, &told, 6, &later), [Code::DateDiffers], "what is new names the letter");
}

#[test]
fn two_documents_of_one_reference_are_named_both() {
    let two = Verification { duplicates: vec!["100124".to_owned(), "100123".to_owned()], ..seen("250.00") };
    let twice = found(&entry(), &two, None).expect("a comparison");
    assert_eq!(twice.differences[0].code, Code::DuplicateDocument);
    assert!(twice.differences[0].sentence.contains("100123, 100124"), "{twice:?}");
    let other = Verification { number: "100999".to_owned(), ..seen("250.00") };
    assert_eq!(codes(&entry(), &other), [Code::DuplicateDocument]);
    let alone = Verification { duplicates: vec!["100123".to_owned()], ..seen("250.00") };
    assert_eq!(codes(&entry(), &alone), []);
}

#[test]
fn what_we_removed_is_no_second_document() {
    let booked_again = Outcome { removed: vec!["100122".to_owned()], ..entry() };
    let both = Verification { duplicates: vec!["100122".to_owned(), "100123".to_owned()], ..seen("250.00") };
    assert_eq!(codes(&booked_again, &both), []);
    assert_eq!(codes(&entry(), &both), [Code::DuplicateDocument]);
    let three = Verification { duplicates: ["100122", "100123", "100124"].map(str::to_owned).to_vec(), ..both };
    let found = found(&booked_again, &three, None).expect("a comparison");
    let sentence = &found.differences[0].sentence;
    assert!(sentence.contains("100123, 100124") && !sentence.contains("100122"), "{sentence}");
}

#[test]
fn what_is_deleted_is_told() {
    let gone = Verification { deleted: true, ..Verification::default() };
    assert_eq!(codes(&entry(), &gone), [Code::DocumentGone]);
    let found = found(&entry(), &gone, None).expect("a comparison");
    assert!(letter(Entity::Invoice, &entry(), &found.differences[0], &found.differences).sentence.contains("100123"));
}

#[test]
fn each_kind_is_counted_under_its_own_word() {
    let words =
        [Code::DuplicateDocument, Code::DocumentGone, Code::VatDiffersInVisma, Code::PinsNotKept, Code::TotalDiffers];
    assert_eq!(words.map(kind), ["doubled", "deleted", "vat", "pins", "total"]);
}
