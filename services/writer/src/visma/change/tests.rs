use proto::Message as _;

use super::*;

fn tax(code: &str, taxable: &str, vat: &str) -> TaxDetail {
    let (vat_code, taxable, vat) = (code.to_owned(), taxable.to_owned(), vat.to_owned());
    TaxDetail { vat_code, taxable, vat, ..TaxDetail::default() }
}

fn outcome() -> Outcome {
    let text = str::to_owned;
    Outcome {
        external_reference: text("WEB-000000031"),
        currency: text("NOK"),
        predicted_total: text("250.00"),
        booked: Some(Booked {
            customer_key: text("guest-0123"),
            customer_number: text("10000"),
            debtor: text("0123"),
            vat: vec![tax("3", "200.00", "50.00")],
            mapping_version: text("1+ab"),
            charged_vat: text("50.00"),
            ..Booked::default()
        }),
        ..Outcome::default()
    }
}

fn booked(change: impl FnOnce(&mut Booked)) -> Outcome {
    let mut outcome = outcome();
    change(outcome.booked.as_mut().expect("what was booked"));
    outcome
}

#[test]
fn what_an_accountant_cannot_see_is_no_difference() {
    assert_eq!(differences(&outcome(), &outcome()), [""; 0]);
    let account = booked(|is| {
        is.customer_key = "4".to_owned();
        is.customer_number = "10017".to_owned();
    });
    assert_eq!(differences(&outcome(), &account), [""; 0], "a guest made an account");
    let mapped = booked(|is| {
        is.mapping_version = "2+cd".to_owned();
        is.vat = vec![tax("31X", "200.0", "50.0")];
    });
    assert_eq!(differences(&outcome(), &mapped), [""; 0], "the mapping file was changed");
    let digits = booked(|is| is.vat = vec![tax("3", "200.0000", "50")]);
    assert_eq!(differences(&outcome(), &digits), [""; 0]);
    let collective = booked(|is| (is.debtor, is.customer_number) = (String::new(), "10099".to_owned()));
    assert_eq!(differences(&outcome(), &collective), [""; 0]);
}

#[test]
fn what_an_accountant_can_see_is_told_with_both_values() {
    let told = |is: &Outcome, texts: &[&str]| {
        let found = differences(&outcome(), is).join("; ");
        assert!(texts.iter().all(|text| found.contains(text)), "{found}");
    };
    told(&Outcome { predicted_total: "300.00".to_owned(), ..outcome() }, &["250.00 NOK", "300.00 NOK"]);
    told(&Outcome { currency: "EUR".to_owned(), ..outcome() }, &["250.00 NOK", "250.00 EUR"]);
    let vat = booked(|is| is.vat = vec![tax("3", "210.00", "40.00")]);
    told(&vat, &["200.00 and VAT 50.00", "210.00 and VAT 40.00"]);
    let charged = booked(|is| (is.mapping_version, is.charged_vat) = ("2+cd".to_owned(), "40.00".to_owned()));
    told(&charged, &["50.00", "40.00"]);
    let buyer = booked(|is| (is.debtor, is.customer_number) = ("4567".to_owned(), "10017".to_owned()));
    told(&buyer, &["10000", "10017"]);
}

#[test]
fn an_entry_of_an_earlier_version_is_held_against_what_it_says() {
    let old = Outcome { booked: None, ..outcome() };
    let old = Outcome::decode(old.encode_to_vec().as_slice()).expect("an outcome");
    assert_eq!(differences(&old, &booked(|is| is.vat = Vec::new())), [""; 0]);
    assert_eq!(differences(&Outcome::default(), &outcome()), [""; 0]);
    assert_eq!(differences(&old, &Outcome { predicted_total: "1".to_owned(), ..outcome() }).len(), 1);
}
